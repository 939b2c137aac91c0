// counterd's store in Redis: shared by several counterd, and what clients hear when Redis is away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

#include "counterd.h"
#include "redis_server.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

std::vector<std::string> options(const RedisServer& redis, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"--store", redis.url()});
  return more;
}

std::vector<std::string> ab(const Counterd& counterd, int requests, int clients) {
  return {"ab",
          "-q",
          "-n",
          std::to_string(requests),
          "-c",
          std::to_string(clients),
          url(counterd, "/inc?name=i")};
}

void expect_all_done(Process& client, int requests) {
  const Outcome outcome = finish(client, Millis(100'000));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              MatchesRegex(".*Complete requests: +" + std::to_string(requests) + "\n.*"));
  EXPECT_THAT(outcome.out, HasSubstr("Failed requests:        0\n"));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("Non-2xx")));
}

// ---- the real ab ----

class CounterdRedisLoad : public testing::TestWithParam<std::tuple<int, bool>> {};

INSTANTIATE_TEST_SUITE_P(All, CounterdRedisLoad,
                         testing::Combine(testing::Values(1, 2), testing::Bool()),
                         [](const auto& load) {
                           return std::string("Of") +
                                  (std::get<0>(load.param) > 1 ? "Two" : "One") + "Threads" +
                                  (std::get<1>(load.param) ? "KeepAlive" : "");
                         });

TEST_P(CounterdRedisLoad, LosesNothing) {
  const auto& [threads, keep_alive] = GetParam();
  const RedisServer redis;
  Counterd counterd(options(redis, {"-q", "-t", std::to_string(threads)}));
  const int count = is_sanitized() ? 5'000 : 20'000;
  std::vector<std::string> argv = ab(counterd, count, 200);
  if (keep_alive) argv.insert(argv.begin() + 1, "-k");
  Process client(argv);
  expect_all_done(client, count);
  EXPECT_EQ(counterd.body("/get?name=i"), "i: " + std::to_string(count) + "\n");
  EXPECT_EQ(redis.cli({"HGET", "counterd:i", "value"}), std::to_string(count));
  EXPECT_EQ(counterd.stop(), 0);
}

TEST(CounterdRedis, IsSharedByTwo) {
  const RedisServer redis;
  const Counterd one(options(redis));
  const Counterd two(options(redis, {"-t", "2"}));
  Process first(ab(one, 5'000, 50));
  Process second(ab(two, 5'000, 50));
  expect_all_done(first, 5'000);
  expect_all_done(second, 5'000);
  EXPECT_EQ(one.body("/get?name=i"), "i: 10000\n");
  EXPECT_EQ(two.body("/get?name=i"), "i: 10000\n");
  EXPECT_EQ(two.body("/delete?name=i"), "ok\n");
  EXPECT_EQ(one.ask("/get?name=i").code, 404);
}

// ---- the contract ----

TEST(CounterdRedis, DoesWhatTheUrlsSay) {
  const RedisServer redis;
  const Counterd counterd(options(redis, {"--max-counters", "3", "--start", "b=2"}));
  EXPECT_EQ(counterd.body("/set?name=x&val=0"), "ok\n");
  EXPECT_EQ(counterd.body("/inc?name=x&by=-7&return=new"), "x: -7\n");
  EXPECT_EQ(counterd.ask("/get?name=y").body, "y not found\n");
  EXPECT_EQ(counterd.body("/reset?name=x"), "x: -7\n");
  EXPECT_EQ(counterd.body("/cas?name=x&old=0&new=9223372036854775807"), "ok\n");
  EXPECT_EQ(counterd.ask("/cas?name=x&old=0&new=1").code, 409);
  EXPECT_EQ(counterd.ask("/inc?name=x").code, 409);
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 9223372036854775807\n");
  EXPECT_EQ(counterd.body("/inc?name=brief&ttl=1h"), "ok\n");
  EXPECT_EQ(counterd.ask("/inc?name=more").code, 507);
  EXPECT_EQ(counterd.body("/list"), "b: 2\nbrief: 1\nx: 9223372036854775807\n");
  EXPECT_EQ(counterd.body("/list?prefix=b"), "b: 2\nbrief: 1\n");
  EXPECT_EQ(counterd.body("/delete?name=x"), "ok\n");
  EXPECT_THAT(counterd.body("/get?name=brief&format=json"),
              MatchesRegex(R"(\{"name":"brief","value":1,"changed":[0-9.]+,"expires":[0-9.]+\}
)"));
  EXPECT_THAT(counterd.body("/metrics"),
              HasSubstr("counterd_value{name=\"b\"} 2\ncounterd_value{name=\"brief\"} 1\n"));
}

TEST(CounterdRedis, IsImportedAndExported) {
  const TempDir dir;
  const RedisServer redis;
  std::string list = "[\n";
  for (int i = 10'000; i < 12'000; ++i)
    list += std::string(i > 10'000 ? ",\n" : "") + R"({"name":"n)" + std::to_string(i) +
            R"(","value":)" + std::to_string(i) + R"(,"changed":1700000000.123})";
  list += "\n]\n";
  const Outcome in = run(
      {"counterd", "--store", redis.url(), "--import", dir.file("list.json", list), "--export"});
  EXPECT_EQ(in.status, 0) << in.err;
  EXPECT_TRUE(in.out == list);
  const Outcome out = run({"counterd", "--store", redis.url(), "--export"});
  EXPECT_TRUE(out.out == list);
}

TEST(CounterdRedis, WritesItsPlaceDownRight) {
  for (const char* place : {"redis://", "redis://h:x", "redis://h:1/y", "redis://:secret@h:0"}) {
    const Outcome outcome = run({"counterd", "--store", place, "127.0.0.1:0"});
    EXPECT_EQ(outcome.status, 2) << place;
    EXPECT_EQ(outcome.err,
              "counterd: --store: the form is redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]\n");
  }
}

// ---- Redis away ----

TEST(CounterdRedis, NotThereYetIsWaitedFor) {
  const std::string address = "127.0.0.1:" + std::to_string(free_port());
  Counterd counterd({"--store", "redis://" + address});
  const Reply refused = counterd.ask("/inc?name=x");
  EXPECT_EQ(refused.code, 503);
  EXPECT_THAT(refused.body, HasSubstr("redis at " + address + ": connection refused\n"));
  EXPECT_EQ(counterd.ask("/list").code, 503);
  EXPECT_EQ(counterd.ask("/readyz").code, 503);
  EXPECT_THAT(counterd.body("/metrics"), HasSubstr("counterd_store_up 0\n"));
  EXPECT_EQ(line_with(counterd.err, "redis"),
            "counterd: redis at " + address + ": connection refused (retrying)");
  EXPECT_EQ(counterd.stop(), 0);
  const Outcome outcome = run({"counterd", "--store", "redis://" + address, "--export"});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "counterd: redis at " + address + ": connection refused\n");
}

TEST(CounterdRedis, NotThereYetIsStartedLater) {
  RedisServer redis;
  redis.kill();
  const Counterd counterd({"--store", redis.url(), "--start", "x=41"});
  EXPECT_EQ(counterd.ask("/get?name=x").code, 503);
  redis.start();
  wait_until("x to be there", [&] { return counterd.ask("/get?name=x").code == 200; });
  EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 42\n");
}

TEST(CounterdRedis, HasItsPasswordFromAFileOrTheEnvironment) {
  const TempDir dir;
  const RedisServer redis({"--requirepass", "s3cret"});
  const std::string file = dir.file("password", "s3cret\nnot this\n");
  {
    const Counterd counterd({"--store", redis.url(), "--redis-password-file", file});
    EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 1\n");
  }
  {
    const std::string url =
        "redis://default:@" + redis.url().substr(std::string("redis://").size());
    const Counterd counterd({"--store", url, "--redis-password-file", file});
    EXPECT_EQ(counterd.body("/reset?name=x"), "x: 1\n");
    EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  }
  const Daemon counterd("counterd", {"--store", redis.url()},
                        {.env = {"COUNTERD_REDIS_PASSWORD=s3cret"}});
  EXPECT_EQ(curl(counterd, "/inc?name=x&return=new").body, "x: 2\n");
  Counterd refused({"--store", redis.url()});
  const Reply reply = refused.ask("/inc?name=x");
  EXPECT_EQ(reply.code, 500);
  EXPECT_EQ(reply.field("Retry-After"), "");
  EXPECT_THAT(line_with(refused.err, "redis"), HasSubstr("NOAUTH"));
  EXPECT_EQ(refused.ask("/inc?name=x").code, 500);
  EXPECT_EQ(refused.stop(), 0);
  EXPECT_EQ(refused.err.rest(), "") << "it is logged once";
}

TEST(CounterdRedis, ARefusalIsLoggedAfterAnAbsence) {
  const TempDir dir;
  const std::string path = dir.path("socket");
  Counterd counterd({"--store", "redis+unix:" + path});
  EXPECT_THAT(line_with(counterd.err, "retrying"), HasSubstr("no such file"));
  const RedisServer redis({"--requirepass", "s3cret", "--unixsocket", path});
  EXPECT_THAT(line_with(counterd.err, "retrying"), HasSubstr("NOAUTH"));
}

TEST(CounterdRedis, WarnsOfEviction) {
  const RedisServer redis({"--maxmemory-policy", "allkeys-lru"});
  Counterd counterd({"--store", redis.url()});
  EXPECT_THAT(line_with(counterd.err, "maxmemory"),
              HasSubstr("maxmemory-policy allkeys-lru drops counters when memory runs out"));
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
}

TEST(CounterdRedis, ARefusalIsLoggedOnce) {
  const RedisServer redis;
  Counterd counterd({"--store", redis.url()});
  EXPECT_EQ(redis.cli({"ACL", "SETUSER", "default", "-time"}), "OK");
  for (int i = 0; i < 3; ++i) {
    const Reply reply = counterd.ask("/inc?name=x");
    EXPECT_EQ(reply.code, 500);
    EXPECT_EQ(reply.field("Retry-After"), "");
  }
  EXPECT_EQ(redis.cli({"EXISTS", "counterd:x"}), "0");
  EXPECT_THAT(line_with(counterd.err, "redis"),
              testing::ContainsRegex("can't run this command|no permissions to run"));
  EXPECT_EQ(redis.cli({"ACL", "SETUSER", "default", "+time"}), "OK");
  EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 1\n");
  redis.cli({"SET", "counterd:text", "5"});
  EXPECT_EQ(counterd.ask("/inc?name=text").code, 409);
  counterd.signal(SIGTERM);
  EXPECT_THAT(finish(counterd).err, testing::Not(HasSubstr("can't run")));
}

TEST(CounterdRedis, OutOfMemoryIsNotReady) {
  const RedisServer redis({"--maxmemory-policy", "noeviction"});
  Counterd counterd(options(redis, {"-t", "2"}));
  const std::string why = "redis: OOM command not allowed when used memory > 'maxmemory'.";
  for (int episode = 1; episode <= 2; ++episode) {
    EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
    EXPECT_EQ(counterd.ask("/readyz").code, 200);
    EXPECT_EQ(redis.cli({"CONFIG", "SET", "maxmemory", "1"}), "OK");
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(counterd.ask("/inc?name=x").code, 507);
      const Reply ready = counterd.ask("/readyz");
      EXPECT_EQ(ready.code, 503);
      EXPECT_EQ(ready.body, "the store is full: " + why + "\n");
      EXPECT_THAT(counterd.body("/metrics"), HasSubstr("counterd_store_up 0\n"));
    }
    EXPECT_EQ(counterd.body("/get?name=x"), "x: " + std::to_string(episode) + "\n");
    EXPECT_EQ(redis.cli({"CONFIG", "SET", "maxmemory", "0"}), "OK");
    EXPECT_EQ(counterd.ask("/readyz").code, 200);
    EXPECT_EQ(line_with(counterd.err, "OOM"), "counterd: " + why);
    EXPECT_THAT(counterd.body("/metrics"), HasSubstr("counterd_store_up 1\n"));
  }
  EXPECT_EQ(counterd.stop(), 0);
  EXPECT_THAT(counterd.err.rest(), testing::Not(HasSubstr("OOM"))) << "it is logged once";
  EXPECT_EQ(redis.cli({"HGET", "counterd:x", "value"}), "2");
}

TEST(CounterdRedis, OutOfMemoryAtTheStartIsOneSentence) {
  const RedisServer redis({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
  const Outcome outcome = run({"counterd", "--store", redis.url(), "--start", "x=1", "--export"});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err,
            "counterd: redis: OOM command not allowed when used memory > 'maxmemory'.\n");
}

// Its disk, or its replicas: any refusal of changes for now.
TEST(CounterdRedis, RefusingChangesForNowIsNotReady) {
  const RedisServer redis;
  const Counterd counterd(options(redis));
  EXPECT_EQ(redis.cli({"CONFIG", "SET", "min-replicas-to-write", "1"}), "OK");
  EXPECT_EQ(counterd.ask("/inc?name=x").code, 503);
  const Reply ready = counterd.ask("/readyz");
  EXPECT_EQ(ready.code, 503);
  EXPECT_THAT(ready.body, HasSubstr("NOREPLICAS"));
  EXPECT_EQ(redis.cli({"CONFIG", "SET", "min-replicas-to-write", "0"}), "OK");
  EXPECT_EQ(counterd.ask("/readyz").code, 200);
  EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 1\n");
}

TEST(CounterdRedis, LostIsFoundAgain) {
  RedisServer redis({"--appendonly", "yes", "--appendfsync", "always"});
  Counterd counterd(options(redis, {"-t", "2"}));
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  redis.kill();
  wait_until("503", [&] { return counterd.ask("/get?name=x").code == 503; });
  EXPECT_THAT(line_with(counterd.err, "redis"), HasSubstr(" (retrying)"));
  redis.start();
  EXPECT_EQ(line_with(counterd.err, "redis"),
            "counterd: redis at " + redis.address() + ": reconnected");
  Reply counted;  // each thread connects again by itself; until then its 503 changes nothing
  wait_until("200", [&] {
    counted = counterd.ask("/inc?name=x&return=new");
    return counted.code != 503;
  });
  EXPECT_EQ(counted.body, "x: 2\n");
  EXPECT_EQ(counterd.stop(), 0);
}

TEST(CounterdRedis, WatchersHearThatItIsBack) {
  RedisServer redis;
  const Counterd counterd(options(redis));
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  Process watcher({"curl", "-qsN", "--noproxy", "*", url(counterd, "/watch")});
  watcher.out.take_until("event: ready\n");
  redis.kill();
  watcher.out.take_until("event: trouble\n");
  redis.start();
  EXPECT_THAT(watcher.out.take_until("event: ready\n"),
              HasSubstr("event: gone\ndata: {\"name\":\"x\"}\n\n"));
}

// What clients were told, from the one that says it with `-w`: "200 504 503 ...".
TEST(CounterdRedis, StoppedInTheMiddleDoublesNothing) {
  constexpr int kClients = 20;
  const RedisServer redis;
  Counterd counterd(options(redis));
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  redis.signal(SIGSTOP);
  const auto start = Clock::now();
  Process curls({"curl", "-s", "-Z", "--parallel-immediate", "--parallel-max",
                 std::to_string(kClients), "-m", "60", "--noproxy", "*", "-o", "/dev/null", "-w",
                 "%{http_code}\n",
                 url(counterd, "/inc?name=x&by=[1-" + std::to_string(kClients) + "]")});
  const Outcome outcome = finish(curls, Millis(60'000));
  EXPECT_LT(Clock::now() - start, Millis(30'000));
  std::istringstream answers(outcome.out);
  int unknown = 0;
  int others = 0;
  for (std::string answer; std::getline(answers, answer);) {
    EXPECT_THAT(answer, testing::AnyOf("504", "503"));
    ++(answer == "504" ? unknown : others);
  }
  EXPECT_EQ(unknown + others, kClients) << outcome.out;
  EXPECT_GT(unknown, 0);
  EXPECT_EQ(counterd.ask("/inc?name=x").code, 503) << "known to be away, it is told at once";
  redis.signal(SIGCONT);
  wait_until("200", [&] { return counterd.ask("/inc?name=y").code == 200; });
  // Each of them at most once: 1 + 2 + ... + 20.
  EXPECT_LE(std::stoi(redis.cli({"HGET", "counterd:x", "value"})),
            1 + kClients * (kClients + 1) / 2);
  EXPECT_EQ(counterd.stop(), 0);
}

TEST(CounterdRedis, StoppedDoesNotHoldTheDrain) {
  const RedisServer redis;
  Counterd counterd(options(redis, {"--drain", "100ms"}));
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  redis.signal(SIGSTOP);
  Socket client = counterd.connect();
  client.send("GET /inc?name=x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(client.silent_for(kSilence));
  EXPECT_EQ(counterd.stop(), 0);
}

// ---- Redis Cluster ----

TEST(CounterdRedis, ClusterMovesASlotUnderLoad) {
  const RedisNodes nodes;
  Counterd counterd({"--store", nodes.url(), "-t", "2"});
  EXPECT_EQ(counterd.body("/inc?name=i"), "ok\n");
  const int slot = std::stoi(nodes[0].cli({"CLUSTER", "KEYSLOT", "counterd:i"}));
  const std::size_t from = nodes.owner(slot);
  const std::size_t to = (from + 1) % nodes.size();
  Process client(ab(counterd, 20'000, 50));
  auto go_on = [&, last = 1L]() mutable {
    const long enough = last + 500;
    wait_until("some increments", [&] {
      const std::string body = counterd.body("/get?name=i");
      last = std::stol(body.substr(3));
      return last >= enough || last == 20'001;
    });
  };
  go_on();
  nodes.begin_move(slot, from, to);
  go_on();
  nodes.move_keys(slot, from, to, 10);
  go_on();
  nodes.end_move(slot, from, to);
  expect_all_done(client, 20'000);
  EXPECT_EQ(counterd.body("/get?name=i"), "i: 20001\n");
  EXPECT_EQ(nodes[to].cli({"HGET", "counterd:i", "value"}), "20001");
  EXPECT_EQ(counterd.body("/list"), "i: 20001\n");
}

}  // namespace
}  // namespace e2e
