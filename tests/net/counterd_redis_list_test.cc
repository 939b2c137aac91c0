// The store in Redis: its lists, and many commands at once.
#include <algorithm>
#include <set>
#include <thread>

#include "counterd_redis_test.h"

namespace counterd {
namespace {

using e2e::RedisServer;
using net::Task;
using net::WaitGroup;

// ---- lists ----

Task<> set_many(Store& store, int count) {
  constexpr int kAtOnce = 500;
  for (int i = 0; i < count;) {
    WaitGroup group;
    for (const int end = std::min(i + kAtOnce, count); i < end; ++i)
      group.go(set_quietly(store, "n" + std::to_string(i), i));
    co_await group.wait();
  }
}

Task<> list_prefixes(RedisTest test) {
  for (const char* name : {"a*b", "a*c", "aab", "a?b", "a[b]", "a\\b", "a-b", "Привет", "При"})
    co_await set_quietly(test.store, name, 1);
  const struct {
    std::string prefix;
    std::string list;
  } rows[] = {
      {"a*", "a*b=1 a*c=1"}, {"a?", "a?b=1"}, {"a[", "a[b]=1"},          {"a\\", "a\\b=1"},
      {"a-", "a-b=1"},       {"b", ""},       {"При", "При=1 Привет=1"}, {"aa", "aab=1"},
  };
  for (const auto& row : rows) {
    const std::string list = co_await listed(test.store, row.prefix, nullptr);
    EXPECT_EQ(list, row.list) << row.prefix;
  }
}

TEST(RedisStore, ListsByPrefix) {
  const RedisServer redis;
  with_redis(redis.url(), list_prefixes);
}

// Page by page; calls `between` after the first.
Task<std::multiset<std::string>> names_listed(Store& store, int& pages,
                                              std::function<void()> between) {
  std::multiset<std::string> names;
  std::string from;
  do {
    const Page page = co_await store.list(kAll, from);
    EXPECT_EQ(page.why, "");
    for (const Entry& entry : page.entries) names.insert(entry.name);
    if (pages++ == 0) between();
    from = page.next;
  } while (!from.empty());
  co_return names;
}

// Redis forgets all but 60 of 5,000 counters after the first page, and makes its table smaller
// while the list goes on: SCAN itself would now and then find one twice.
Task<> list_while_shrinking(RedisTest test, const RedisServer& redis) {
  const std::function<void()> shrink = [&redis] {
    redis.cli({"EVAL", "for i = 60, 4999 do redis.call('DEL', 'counterd:n' .. i) end", "0"});
    e2e::wait_until("a smaller table", [&redis] {
      return redis.cli({"DEBUG", "HTSTATS", "0"}).find(" table size: 64\n") != std::string::npos;
    });
  };
  for (int round = 0; round < 6; ++round) {
    co_await set_many(test.store, 5'000);
    int pages = 0;
    const auto names = co_await names_listed(test.store, pages, shrink);
    EXPECT_GT(pages, 1);
    for (int i = 0; i < 60; ++i) EXPECT_EQ(names.count("n" + std::to_string(i)), 1U) << i;
  }
}

TEST(RedisStore, ListsOnceWhatExistsThroughout) {
  const RedisServer redis({"--enable-debug-command", "yes"});
  with_redis(redis.url(), [&](RedisTest test) { return list_while_shrinking(test, redis); });
}

Task<> list_side_by_side(RedisTest test) {
  co_await set_many(test.store, 2'000);
  std::vector<std::string> lists;
  for (int i = 0; i < 20; ++i) {
    const Page page = co_await test.store.list(kAll, "");
    lists.push_back(page.next);
    EXPECT_NE(page.next, "");
  }
  // The oldest ones have made room; those who ask for what is none are told.
  const Page old = co_await test.store.list(kAll, lists.front());
  EXPECT_EQ(old.status, Outcome::kUnavailable);
  const Page none = co_await test.store.list(kAll, "x");
  EXPECT_EQ(none.status, Outcome::kUnavailable);
  const Page late = co_await test.store.list(kAll, lists.back());
  EXPECT_EQ(late.status, Outcome::kDone);
}

TEST(RedisStore, GoesThroughSomeListsAtOnce) {
  const RedisServer redis;
  with_redis(redis.url(), list_side_by_side);
}

// ---- many ----

Task<> increment_at_once(RedisTest test, int count) {
  WaitGroup group;
  Tally tally;
  for (int i = 0; i < count; ++i) group.go(increment(test.store, "x", tally));
  co_await group.wait();
  EXPECT_EQ(tally.done, count);
}

TEST(RedisStore, PipelinesWhatComesAtOnce) {
  const RedisServer redis;
  const auto reads = [&] {
    const std::string stats = redis.cli({"INFO", "stats"});
    return std::stol(stats.substr(stats.find("total_reads_processed:") + 22));
  };
  const auto before = reads();
  with_redis(redis.url(), [](RedisTest test) { return increment_at_once(test, 2'000); });
  EXPECT_LT(reads() - before, 200);
  EXPECT_EQ(redis.cli({"HGET", "counterd:x", "value"}), "2000");
}

TEST(RedisStore, LosesNothingBetweenThreads) {
  const RedisServer redis;
  const MakeStore make = redis_store(redis.url(), net::kPatience, net::kPatience);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&make] {
      with_redis(make, [](RedisTest test) { return increment_at_once(test, 1'000); });
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(redis.cli({"HGET", "counterd:x", "value"}), "3000");
}

}  // namespace
}  // namespace counterd
