// counter.h - a counter, and what can be done to one: pure, the same for every store.
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
  Time expires = kNever;  // from then on it does not exist
  Millis ttl{0};          // what ttl=renew gives it again; zero: unknown

  bool expired(Time at) const { return expires != kNever && expires <= at; }
  // As clients see it.
  friend bool operator==(const Counter& a, const Counter& b) {
    return a.value == b.value && a.changed == b.changed && a.expires == b.expires;
  }
};

// A name has 1 to 255 bytes of UTF-8 without control characters.
inline constexpr std::size_t kNameBytesMax = 255;
// Why a name is invalid ("name is empty"); nullptr: it is valid.
const char* wrong_with_name(std::string_view name);

// A whole number that fits 64 bits, all of `text`; "-5", no "+5".
std::optional<std::int64_t> parse_value(std::string_view text);
// A time to live: 500ms, 10s, 1m, 1h, 1d; over zero, at most ten years.
std::optional<Millis> parse_ttl(std::string_view text);

struct Command {
  enum Kind {
    kGet,
    kSet,    // to `value`; creates
    kInc,    // by `value`; creates, from 0
    kReset,  // to 0
    kDelete,
    kCas,     // to `value`, if it is `expected`
    kImport,  // to `value`, `changed` and `expires`; creates, or removes what has expired
  };
  Kind kind = kGet;
  std::string name = {};
  std::int64_t value = 0;
  std::int64_t expected = 0;
  std::int64_t min = INT64_MIN;  // of a kInc: bounds of the sum
  std::int64_t max = INT64_MAX;
  Millis ttl{0};           // of a counter that this command creates; zero: it stays
  bool renews = false;     // gives a counter that is there its time to live again
  bool saturates = false;  // of a kInc: the sum stops at a bound
  bool may_create = true;
  Time changed = kNever;                 // of a kImport; kNever: the store's clock
  Time expires = kNever;                 // of a kImport
  std::vector<std::string> others = {};  // further names: the same is done to each, or to none
  std::string op = {};                   // a token: what has it is done once
};

constexpr bool creates(Command::Kind kind) {
  return kind == Command::kSet || kind == Command::kInc || kind == Command::kImport;
}

struct Outcome {
  enum Status {
    kDone,
    kNotFound,
    kMismatch,     // of a kCas: `counter` is what there is
    kOverflow,     // the sum does not fit, or is out of bounds; nothing changed
    kTooMany,      // --max-counters; nothing was created
    kReused,       // the token belongs to another request
    kForeign,      // the key of that name is not a counter
    kCrossSlot,    // several names, on more than one server
    kUnavailable,  // the store cannot do it now, and has not done it
    kNoSpace,      // the same, because its disk or memory is full
    kRefused,      // the same, and waiting does not help
    kUnknown,      // the store was lost in the middle: it may have been done
  };
  Status status = kDone;
  std::int64_t before = 0;  // the value it had; 0 of one that was created
  Counter counter = {};     // as it is now; of a kDelete, as it was
  std::string why = {};     // a sentence's end, for the last four; of kTooMany, if not counters
  std::size_t failed = 0;   // which of several names it is about: 0 is `name`
  std::vector<Outcome> others = {};  // when it is done, those of Command::others
};

// What a command does to a counter: its outcome, and the counter after it (nothing: there is none).
struct Applied {
  Outcome outcome;
  std::optional<Counter> counter;
};
// `existing`: the counter of that name, maybe expired; nullptr: none.
Applied apply(const Command& command, const Counter* existing, Time now);

}  // namespace counterd
