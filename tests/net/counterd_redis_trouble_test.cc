// The store in Redis: what Redis refuses, replicas, several seeds, and answers without an end.
#include <algorithm>
#include <thread>

#include "../e2e/peer.h"
#include "counterd_redis_test.h"
#include "tools/counterd/stores/redis/slots.h"

namespace counterd {
namespace {

using e2e::RedisServer;
using net::kPatience;
using net::Task;

Task<> expect_told(RedisTest test, Command command, std::string expected) {
  const std::string result = co_await told(test.store, command);
  EXPECT_EQ(result.substr(0, expected.size()), expected);
}

// ---- permissions ----

// What counterd(8) lists.
constexpr const char* kEnough[] = {"+@read", "+@write", "+@scripting", "+@connection",
                                   "+time",  "+dbsize", "+exists",     "+script|load"};

std::string url_of_user(const RedisServer& redis, std::vector<std::string> rules) {
  rules.insert(rules.begin(), {"ACL", "SETUSER", "me", "reset", "on", ">secret", "~counterd:*"});
  EXPECT_EQ(redis.cli(rules), "OK");
  return "redis://me:secret@" + redis.address();
}

TEST(RedisPermissions, NothingIsDoneWhereOneIsMissing) {
  const RedisServer redis;
  const struct {
    std::vector<std::string> rules;
    Command command;
  } table[] = {
      {{"-time"}, inc("x")},
      {{"-dbsize"}, inc("x")},
      {{"-hset"}, inc("x")},
      {{"-pexpireat"}, {.kind = Command::kInc, .name = "x", .value = 1, .ttl = Millis(100'000)}},
      {{"-set"}, {.kind = Command::kInc, .name = "x", .value = 1, .op = "token"}},
      {{"-get"}, {.kind = Command::kInc, .name = "x", .value = 1, .op = "token"}},
  };
  for (const auto& row : table) {
    std::vector<std::string> rules(std::begin(kEnough), std::end(kEnough));
    rules.insert(rules.end(), row.rules.begin(), row.rules.end());
    const MakeStore make = redis_store(url_of_user(redis, rules), kPatience, kPatience);
    with_redis(make,
               [&](RedisTest test) { return expect_told(test, row.command, "refused: redis: "); });
    EXPECT_EQ(redis.cli({"KEYS", "*"}), "") << row.rules[0];
  }
}

Task<> use_all(RedisTest test) {
  Command brief = inc("x");
  brief.ttl = Millis(100'000);
  brief.op = "token";
  co_await expect_told(test, brief, "1");
  brief.op = "other";
  brief.renews = true;
  co_await expect_told(test, brief, "2");
  co_await expect_told(test, get("x"), "2");
  co_await expect_told(test, get("y"), "not found");
  const Command import{.kind = Command::kImport, .name = "x", .value = 3};
  co_await expect_told(test, import, "3");
  co_await expect_told(test, remove("x"), "3");
  const std::string all = co_await listed(test.store, "", nullptr);
  EXPECT_EQ(all, "");
}

TEST(RedisPermissions, AreEnough) {
  const RedisServer redis;
  const MakeStore make = redis_store(url_of_user(redis, {std::begin(kEnough), std::end(kEnough)}),
                                     kPatience, kPatience);
  with_redis(make, use_all);
}

// ---- replicas ----

Task<> be_demoted(RedisTest test, RedisServer& first, RedisServer& second) {
  co_await expect_told(test, inc("x"), "1");
  first.cli({"REPLICAOF", "127.0.0.1", std::to_string(second.port())});
  // Reads too, which a replica would answer with what it had.
  const net::Deadline deadline(kPatience);
  std::string result;
  while (result != "not found" && deadline.left() > Millis(0)) {
    result = co_await told(test.store, get("x"));
    (void)co_await net::sleep(test.loop, Millis(20));
  }
  EXPECT_EQ(result, "not found") << "the other one has never heard of it";
  co_await expect_told(test, inc("x"), "1");
  EXPECT_EQ(second.cli({"HGET", "counterd:x", "value"}), "1");
}

TEST(RedisReplica, IsLeftForTheNextSeed) {
  RedisServer first, second;
  with_redis(redis_store(first.url() + "," + second.address(), kPatience, kPatience),
             [&](RedisTest test) { return be_demoted(test, first, second); });
}

Task<> write_to_replica(RedisTest test, RedisServer& first) {
  co_await expect_told(test, inc("x"), "1");
  first.cli({"REPLICAOF", "127.0.0.1", "1"});
  const std::string refused = co_await told(test.store, inc("x"));
  EXPECT_TRUE(refused.starts_with("unavailable: redis")) << refused;
  EXPECT_NE(refused.find("READONLY"), refused.npos) << refused;
  first.cli({"REPLICAOF", "NO", "ONE"});
  const std::string back = co_await told_at_last(test, inc("x"));
  EXPECT_EQ(back, "2");
}

TEST(RedisReplica, IsAskedAgainWhenItIsAPrimary) {
  RedisServer first;
  with_redis(redis_store(first.url(), kPatience, kPatience),
             [&](RedisTest test) { return write_to_replica(test, first); });
}

TEST(RedisReplica, IsNotEvenBegunWith) {
  RedisServer first, second;
  first.cli({"REPLICAOF", "127.0.0.1", std::to_string(second.port())});
  with_redis(redis_store(first.url() + "," + second.address(), kPatience, kPatience),
             [&](RedisTest test) { return expect_told(test, inc("x"), "1"); });
  EXPECT_EQ(second.cli({"HGET", "counterd:x", "value"}), "1");
}

// ---- places ----

TEST(RedisPlace, IsAPathAndAPrefix) {
  const net::TempDir dir;
  const RedisServer redis({"--unixsocket", dir.file("redis.sock")});
  const std::string url = "redis+unix:" + dir.file("redis.sock") + "?db=2&prefix=app1/";
  with_redis(redis_store(url, kPatience, kPatience),
             [](RedisTest test) { return expect_told(test, inc("x"), "1"); });
  EXPECT_EQ(redis.cli({"-n", "2", "KEYS", "*"}), "app1/x");
  with_redis(redis_store(redis.url() + "/2?prefix=app2/", kPatience, kPatience),
             [](RedisTest test) { return expect_told(test, get("x"), "not found"); });
}

// ---- tokens ----

Task<> do_once_in_redis(RedisTest test) {
  Command command = inc("x");
  command.op = "token";
  for (int i = 0; i < 3; ++i) co_await expect_told(test, command, "1");
  command.value = 2;
  co_await expect_told(test, command, "reused");
  command.op = "missing";
  command.kind = Command::kReset;
  command.name = "y";
  for (int i = 0; i < 2; ++i) co_await expect_told(test, command, "not found");
  command = remove("x");
  command.op = "gone";
  for (int i = 0; i < 2; ++i) co_await expect_told(test, command, "1");
  const std::string all = co_await listed(test.store, "", nullptr);
  EXPECT_EQ(all, "");
}

TEST(RedisTokens, AreDoneOnce) {
  const RedisServer redis;
  with_redis(redis.url(), do_once_in_redis);
}

Task<> do_several(RedisTest test) {
  Command command = inc("a");
  command.others = {"b", "c"};
  command.op = "token";
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = co_await ask(test.store, command);
    EXPECT_EQ(shown(outcome), "1");
    EXPECT_EQ(outcome.others.size(), 2U);
  }
  command.op = "other";
  command.max = 1;
  co_await expect_told(test, command, "overflow");
  command.saturates = true;
  command.op = "third";
  co_await expect_told(test, command, "1");
  Command reads = get("a");
  reads.others = {"b", "missing"};
  const Outcome missing = co_await ask(test.store, reads);
  EXPECT_EQ(missing.failed, 2U);
  EXPECT_EQ(shown(missing), "not found");
}

TEST(RedisTokens, AreOfSeveralNamesToo) {
  const RedisServer redis;
  with_redis(redis.url(), do_several);
}

Task<> use_cluster(RedisTest test) {
  Command command = inc("a");
  command.others = {"b"};
  co_await expect_told(test, get("a"), "not found");  // so that it is known to be a cluster
  co_await expect_told(test, command, "cross slot");
  command.name = "{t}a";
  command.others = {"{t}b"};
  command.op = "token";
  for (int i = 0; i < 2; ++i) co_await expect_told(test, command, "1");
  for (const char* name : {"plain", "odd}name", "{x", "{}y", "{tag}z"}) {
    Command one = inc(name);
    one.op = "token";
    for (int i = 0; i < 2; ++i) co_await expect_told(test, one, "1");
  }
}

TEST(RedisTokens, AreInTheSlotOfTheirCounter) {
  const e2e::RedisNodes nodes;
  with_redis(nodes.url(), use_cluster);
}

// ---- bounds, exactly ----

Task<> keep_bounds(RedisTest test) {
  const auto bounded = [](std::int64_t by, std::int64_t min, std::int64_t max, bool saturates) {
    Command command = inc("x", by);
    command.min = min;
    command.max = max;
    command.saturates = saturates;
    return command;
  };
  const struct {
    Command command;
    const char* result;
  } steps[] = {
      {set("x", INT64_MAX - 1), "9223372036854775806"},
      {bounded(5, 0, INT64_MAX, false), "overflow"},
      {bounded(5, 0, INT64_MAX, true), "9223372036854775807"},
      {bounded(INT64_MIN, INT64_MIN, INT64_MAX, false), "-1"},
      {bounded(1'000'000'000, INT64_MIN, INT64_MAX, false), "999999999"},
      {bounded(1, INT64_MIN, INT64_MAX, false), "1000000000"},
      {bounded(-1, INT64_MIN, 999'999'999, false), "999999999"},
      {bounded(-2'000'000'000, INT64_MIN, INT64_MAX, false), "-1000000001"},
      {bounded(INT64_MIN, -5, INT64_MAX, true), "-5"},
      {bounded(10, -5, 4, true), "4"},
      {bounded(1, -5, 4, false), "overflow"},
  };
  for (const auto& step : steps) co_await expect_told(test, step.command, step.result);
  Command nothing = inc("new");
  nothing.may_create = false;
  co_await expect_told(test, nothing, "not found");
}

TEST(RedisBounds, AreExact) {
  const RedisServer redis;
  with_redis(redis.url(), keep_bounds);
}

Task<> renew_in_redis(RedisTest test) {
  Command command = inc("x");
  command.ttl = Millis(100'000);
  const Outcome made = co_await ask(test.store, command);
  (void)co_await net::sleep(test.loop, Millis(20));
  const Outcome kept = co_await ask(test.store, command);
  EXPECT_EQ(kept.counter.expires, made.counter.expires);
  command.ttl = Millis(0);
  command.renews = true;
  const Outcome renewed = co_await ask(test.store, command);
  EXPECT_EQ(renewed.counter.expires, renewed.counter.changed + Millis(100'000));
}

TEST(RedisBounds, OfTimeAreRenewed) {
  const RedisServer redis;
  with_redis(redis.url(), renew_in_redis);
  EXPECT_EQ(redis.cli({"HGET", "counterd:x", "expires"}), redis.cli({"PEXPIRETIME", "counterd:x"}));
}

TEST(RedisBounds, OfTimeHaveAnEnd) {
  const RedisServer redis;
  with_redis(redis.url(), [](RedisTest test) { return renew_to_the_end_of_time(test.store); });
}

// ---- an answer without an end ----

TEST(RedisAnswer, OfABillionElementsIsTheEnd) {
  for (const std::string answer :
       {"*1000000000\r\n", "*200001\r\n", "*2\r\n*150000\r\n*150000\r\n", "*-5\r\n"}) {
    auto listener = e2e::Listener::tcp();
    std::thread server([&] {
      auto client = listener.accept();
      client.take_until("LOAD\r\n$");
      client.send("$1\r\na\r\n");
      client.take_until("HDEL\r\n$");
      client.send(":0\r\n");
      client.take_until("SLOTS\r\n");
      client.send("-ERR no cluster\r\n");
      client.take_until("counterd:x\r\n");
      client.send(answer);
    });
    const std::string place = "127.0.0.1:" + listener.port_text();
    with_redis(redis_store("redis://" + place, kPatience, kPatience), [&](RedisTest test) {
      return expect_told(test, inc("x"), "unknown: redis at " + place + ": ");
    });
    server.join();
  }
}

}  // namespace
}  // namespace counterd
