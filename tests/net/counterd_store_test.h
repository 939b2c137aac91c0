// counterd_store_test.h - helpers for the tests of counterd's stores.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "net_test.h"
#include "tools/counterd/store.h"

namespace counterd {

inline const ListQuery kAll;

inline Command get(std::string name) { return {.name = std::move(name)}; }
inline Command set(std::string name, std::int64_t value) {
  return {.kind = Command::kSet, .name = std::move(name), .value = value};
}
inline Command inc(std::string name, std::int64_t by = 1) {
  return {.kind = Command::kInc, .name = std::move(name), .value = by};
}
inline Command remove(std::string name) {
  return {.kind = Command::kDelete, .name = std::move(name)};
}

// "7" for a counter's value, or the status as text: "not found", "unavailable: ...".
std::string shown(const Outcome& outcome);
net::Task<std::string> told(Store& store, Command command);
// Sets a counter, and expects that this is done.
net::Task<> set_quietly(Store& store, std::string name, std::int64_t value);

// Lists counters as "a=1 b=2"; `pieces` gets the number of pieces.
net::Task<std::string> listed(Store& store, std::string prefix, int* pieces);

// A clock that moves only when a test advances it.
class SetClock {
 public:
  SetClock() { time_ = counterd::now(); }
  static Time now() { return time_; }
  static void pass(Millis time) { time_ = now() + time; }

 private:
  static inline std::atomic<Time> time_;  // a store's thread reads it
};

// Tests for every store.
net::Task<> import_exactly(Store& store);
net::Task<> renew_to_the_end_of_time(Store& store);

// Starts the store, unless it could not be opened.
Opened started(Opened opened);

// Runs `body` with its own store and loop.
using StoreBody = net::Task<> (*)(Store& store);
void with_store(const Opened& opened, StoreBody body);

}  // namespace counterd
