// counterd_redis_test.h - tests the store in Redis with a server of their own.
#pragma once

#include <functional>

#include "../e2e/redis_server.h"
#include "counterd_store_test.h"
#include "tools/counterd/stores/redis/store.h"

namespace counterd {

struct RedisTest {
  net::Loop& loop;
  Store& store;
};
using RedisBody = std::function<net::Task<>(RedisTest test)>;

inline constexpr std::uint64_t kMany = 1'000'000;

// Runs `body` on its own loop, with the store that `make` makes.
void with_redis(const MakeStore& make, const RedisBody& body);
void with_redis(const std::string& url, const RedisBody& body);
// A store with these timeouts, without messages.
MakeStore redis_store(const std::string& url, Millis connect, Millis command,
                      std::uint64_t max_counters = kMany);

// Repeats the command until the answer is not "unavailable".
net::Task<std::string> told_at_last(RedisTest test, Command command);

// Counts the outcomes of increments.
struct Tally {
  int done = 0;
  int unavailable = 0;
  int unknown = 0;
  int other = 0;
  std::vector<std::string> reasons = {};
};
net::Task<> increment(Store& store, std::string name, Tally& tally);

// Increments until it is over.
struct Load {
  Tally tally;
  bool over = false;
};
net::Task<> increment_on(RedisTest test, std::string name, Load& load);

}  // namespace counterd
