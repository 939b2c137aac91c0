// The store in a Redis Cluster: three servers, slots that move, a server that is gone.
#include <csignal>
#include <set>

#include "counterd_redis_test.h"
#include "tools/counterd/stores/redis/slots.h"

namespace counterd {
namespace {

using e2e::RedisNodes;
using net::kPatience;
using net::Task;
using net::WaitGroup;

int slot_of(const std::string& name) { return redis_slot("counterd:" + name); }

Task<> increment_all(RedisTest test, int names, int each) {
  WaitGroup group;
  Tally tally;
  for (int i = 0; i < names; ++i)
    for (int k = 0; k < each; ++k) group.go(increment(test.store, "n" + std::to_string(i), tally));
  co_await group.wait();
  EXPECT_EQ(tally.done, names * each);
  EXPECT_EQ(tally.reasons, std::vector<std::string>());
}

Task<> use_all_nodes(RedisTest test) {
  co_await increment_all(test, 2'000, 2);
  std::set<std::string> names;
  for (int i = 0; i < 2'000; ++i)
    if (const std::string number = std::to_string(i); number.starts_with('1')) names.insert(number);
  std::string expected;
  for (const std::string& name : names) expected += (expected.empty() ? "n" : " n") + name + "=2";
  const std::string list = co_await listed(test.store, "n1", nullptr);
  EXPECT_TRUE(list == expected);
}

TEST(RedisCluster, SharesTheCountersOut) {
  RedisNodes nodes;
  with_redis(nodes.url(), use_all_nodes);
  int sum = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const int size = std::stoi(nodes[i].cli({"DBSIZE"}));
    EXPECT_GT(size, 500);
    sum += size;
  }
  EXPECT_EQ(sum, 2'000);
}

// ---- a slot that moves ----

// Lets the load go on for a while.
Task<> go_on(RedisTest test, const Load& load) {
  const net::Deadline deadline(kPatience);
  const int enough = load.tally.done + 100;
  while (load.tally.done < enough && deadline.left() > Millis(0))
    (void)co_await net::sleep(test.loop, Millis(1));
  EXPECT_GE(load.tally.done, enough);
}

Task<> move_under_load(RedisTest test, const RedisNodes& nodes) {
  const std::string names[] = {"{tag}1", "{tag}2", "{tag}3", "{tag}4"};
  const int slot = slot_of(names[0]);
  Load load;
  WaitGroup group;
  for (const std::string& name : names)
    for (int i = 0; i < 5; ++i) group.go(increment_on(test, name, load));
  for (int round = 0; round < 3; ++round) {
    co_await go_on(test, load);
    const std::size_t from = nodes.owner(slot);
    const std::size_t to = (from + 1) % nodes.size();
    nodes.begin_move(slot, from, to);
    co_await go_on(test, load);
    nodes.move_keys(slot, from, to, 2);  // ASK for these, not for the others
    co_await go_on(test, load);
    const std::string fresh = co_await told(test.store, inc("{tag}fresh" + std::to_string(round)));
    EXPECT_EQ(fresh, "1");
    nodes.move_keys(slot, from, to, 100);
    co_await go_on(test, load);
    nodes.end_move(slot, from, to);  // MOVED
  }
  co_await go_on(test, load);
  load.over = true;
  co_await group.wait();
  EXPECT_EQ(load.tally.reasons, std::vector<std::string>());
  int sum = 0;
  for (const std::string& name : names) {
    const Outcome outcome = co_await ask(test.store, get(name));
    sum += static_cast<int>(outcome.counter.value);
  }
  EXPECT_EQ(sum, load.tally.done);
}

TEST(RedisCluster, LosesNothingWhileASlotMoves) {
  const RedisNodes nodes;
  with_redis(nodes.url(), [&](RedisTest test) { return move_under_load(test, nodes); });
}

Task<> find_scripts_gone(RedisTest test, RedisNodes& nodes) {
  const std::string name = "{tag}1";
  const int slot = slot_of(name);
  std::string result = co_await told(test.store, inc(name));
  const std::size_t from = nodes.owner(slot);
  const std::size_t to = (from + 1) % nodes.size();
  nodes.begin_move(slot, from, to);
  nodes.move_keys(slot, from, to, 100);
  // ASK, then NOSCRIPT, and the server has to be asked with ASKING again.
  result = co_await told(test.store, inc(name));
  nodes[to].cli({"SCRIPT", "FLUSH"});
  result = co_await told(test.store, inc(name));
  EXPECT_EQ(result, "3");
  nodes.end_move(slot, from, to);
  result = co_await told(test.store, inc(name));
  EXPECT_EQ(result, "4");
}

TEST(RedisCluster, BringsItsScriptsToANewOwner) {
  RedisNodes nodes;
  with_redis(nodes.url(), [&](RedisTest test) { return find_scripts_gone(test, nodes); });
}

// ---- a server that is gone ----

Task<> lose_a_node(RedisTest test, RedisNodes& nodes) {
  co_await increment_all(test, 100, 1);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    nodes[i].cli({"CONFIG", "SET", "cluster-require-full-coverage", "no"});
  const std::size_t lost = nodes.owner(slot_of("n7"));
  nodes[lost].kill();
  const std::string found_out = co_await told(test.store, inc("n7"));
  EXPECT_TRUE(found_out.starts_with("un")) << found_out;
  Tally tally;
  for (int i = 0; i < 100; ++i) co_await increment(test.store, "n" + std::to_string(i), tally);
  EXPECT_GT(tally.done, 50);
  EXPECT_GT(tally.unavailable, 10);
  EXPECT_EQ(tally.done + tally.unavailable, 100);
  for (const std::string& reason : tally.reasons)
    EXPECT_TRUE(reason.starts_with("redis at " + nodes[lost].address() + ": ")) << reason;
  Page page;
  do {
    const std::string from = page.next;
    page = co_await test.store.list(kAll, from);
  } while (!page.next.empty());
  EXPECT_EQ(page.status, Outcome::kUnavailable) << "half a list is none";
  nodes[lost].start();
  const std::string back = co_await told_at_last(test, get("n7"));
  EXPECT_EQ(back, "not found") << "this test's servers keep nothing on disk";
}

TEST(RedisCluster, GoesOnWithoutAServer) {
  RedisNodes nodes;
  with_redis(redis_store(nodes.url(), kPatience, kPatience),
             [&](RedisTest test) { return lose_a_node(test, nodes); });
}

Task<> lose_its_slots(RedisTest test, RedisNodes& nodes) {
  const std::size_t owner = nodes.owner(slot_of("x"));
  std::string result = co_await told(test.store, inc("x"));
  EXPECT_EQ(result, "1");
  nodes[owner].cli({"CLUSTER", "DELSLOTS", std::to_string(slot_of("x"))});
  result = co_await told(test.store, inc("x"));
  EXPECT_TRUE(result.starts_with("unavailable: redis: CLUSTERDOWN")) << result;
  nodes[owner].cli({"CLUSTER", "ADDSLOTS", std::to_string(slot_of("x"))});
  result = co_await told_at_last(test, inc("x"));
  EXPECT_EQ(result, "2");
}

TEST(RedisCluster, SaysThatItIsDown) {
  RedisNodes nodes;
  with_redis(redis_store(nodes.url(), kPatience, kPatience),
             [&](RedisTest test) { return lose_its_slots(test, nodes); });
}

}  // namespace
}  // namespace counterd
