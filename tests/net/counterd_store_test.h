// counterd_store_test.h - the stores of counterd, as their tests see them.
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

// "7" for a counter's value, or the status that says why not: "not found", "unavailable: ...".
std::string shown(const Outcome& outcome);
net::Task<std::string> told(Store& store, Command command);

// "a=1 b=2", piece by piece; `pieces`: how many they were.
net::Task<std::string> listed(Store& store, std::string prefix, int* pieces);

// A clock that stands still but for what a test lets pass.
class SetClock {
 public:
  SetClock() { time_ = counterd::now(); }
  static Time now() { return time_; }
  static void pass(Millis time) { time_ = now() + time; }

 private:
  static inline std::atomic<Time> time_;  // a store's thread reads it
};

// For every store.
net::Task<> import_exactly(Store& store);

// Started, or not opened.
Opened started(Opened opened);

// Runs `body` with a store of its own and its loop.
using StoreBody = net::Task<> (*)(Store& store);
void with_store(const Opened& opened, StoreBody body);

}  // namespace counterd
