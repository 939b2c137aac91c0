// counter.h - a counter and the commands on it: pure, and the same for every store.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterd {

using Millis = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Millis>;

inline constexpr Time kNever = Time::min();

inline Time now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

struct Counter {
  std::int64_t value = 0;
  Time changed = kNever;
  Time expires = kNever;  // from this time on it does not exist
  Millis ttl{0};          // what ttl=renew restores; zero: unknown

  bool expired(Time at) const { return expires != kNever && expires <= at; }
  // Compares what clients see.
  friend bool operator==(const Counter& a, const Counter& b) {
    return a.value == b.value && a.changed == b.changed && a.expires == b.expires;
  }
};

// A name has 1 to 255 bytes of UTF-8 without control characters.
inline constexpr std::size_t kNameBytesMax = 255;
// Returns why a name is invalid ("name is empty"), or nullptr if it is valid.
const char* wrong_with_name(std::string_view name);

// Parses all of `text` as an integer of 64 bits; accepts "-5" but not "+5".
std::optional<std::int64_t> parse_value(std::string_view text);
// Parses a time to live: 500ms, 10s, 1m, 1h, 1d; greater than zero, and at most ten years.
std::optional<Millis> parse_ttl(std::string_view text);

struct Command {
  enum Kind {
    kGet,
    kSet,    // to `value`; creates
    kInc,    // by `value`; creates, from 0
    kReset,  // to 0
    kDelete,
    kCas,     // to `value`, if it equals `expected`
    kImport,  // to `value`, `changed` and `expires`; creates, or removes what has expired
  };
  Kind kind = kGet;
  std::string name = {};
  std::int64_t value = 0;
  std::int64_t expected = 0;
  std::int64_t min = INT64_MIN;  // for kInc: bounds of the sum
  std::int64_t max = INT64_MAX;
  Millis ttl{0};           // for a counter that this command creates; zero: no expiry
  bool renews = false;     // restarts the time to live of an existing counter
  bool saturates = false;  // for kInc: the sum stops at a bound
  bool may_create = true;
  Time changed = kNever;                 // for kImport; kNever: use the store's clock
  Time expires = kNever;                 // of a kImport
  std::vector<std::string> others = {};  // further names: all are changed, or none
  std::string op = {};                   // a token: commands with the same one run once
};

constexpr bool creates(Command::Kind kind) {
  return kind == Command::kSet || kind == Command::kInc || kind == Command::kImport;
}

struct Outcome {
  enum Status {
    kDone,
    kNotFound,
    kMismatch,     // for kCas: `counter` is the current counter
    kOverflow,     // the sum does not fit, or is out of bounds; nothing changed
    kTooMany,      // --max-counters; nothing was created
    kReused,       // the token belongs to another request
    kForeign,      // the key of that name is not a counter
    kCrossSlot,    // several names, on more than one server
    kUnavailable,  // the store is unavailable; nothing has changed
    kNoSpace,      // the same, because its disk or memory is full
    kRefused,      // the same, and waiting does not help
    kUnknown,      // the store was lost meanwhile; the change may have been made
  };
  Status status = kDone;
  std::int64_t before = 0;  // the previous value; 0 for a new counter
  Counter counter = {};     // the current counter; after kDelete, the deleted one
  std::string why = {};     // end of a sentence: for the last four, and kTooMany if not of counters
  std::size_t failed = 0;   // which of several names it concerns; 0: `name`
  std::vector<Outcome> others = {};  // with kDone, the outcomes of Command::others
};

// The effect of a command: its outcome, and the counter after it (nothing: there is none).
struct Applied {
  Outcome outcome;
  std::optional<Counter> counter;
};
// `existing`: the counter of that name, which may have expired; nullptr: none.
Applied apply(const Command& command, const Counter* existing, Time now);

}  // namespace counterd
