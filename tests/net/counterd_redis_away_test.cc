// The store in Redis: what it says and does when Redis goes away, is silent, or is none.
#include <csignal>
#include <thread>

#include "../e2e/peer.h"
#include "counterd_redis_test.h"

namespace counterd {
namespace {

using e2e::RedisServer;
using net::kPatience;
using net::Task;
using net::WaitGroup;

constexpr Millis kShort{1'000};

Task<> ask_once(RedisTest test, std::string expected) {
  const std::string result = co_await told(test.store, inc("x"));
  EXPECT_EQ(result, expected);
}

// The first command waits for the first attempt, and hears what has become of it.
void expect_told(const MakeStore& make, const std::string& expected) {
  with_redis(make, [&](RedisTest test) { return ask_once(test, expected); });
}

void expect_away(const std::string& place, const std::string& why) {
  expect_told(redis_store("redis://" + place, kShort, kShort),
              "unavailable: redis at " + place + ": " + why);
}

TEST(RedisAway, IsRefused) {
  const std::string place = "127.0.0.1:" + std::to_string(e2e::free_port());
  expect_away(place, "connection refused");
}

TEST(RedisAway, DoesNotEvenConnect) {
  const auto listener = e2e::Listener::tcp("127.0.0.1", 0);
  const auto first = e2e::connect_tcp("127.0.0.1", listener.port());  // the queue is full
  expect_away("127.0.0.1:" + listener.port_text(), "connection timed out");
}

TEST(RedisAway, ConnectsAndIsSilent) {
  const auto listener = e2e::Listener::tcp();
  expect_away("127.0.0.1:" + listener.port_text(), "no answer for 1000 ms");
}

Task<> ask_again(RedisTest test, std::string expected) {
  co_await ask_once(test, expected);
  (void)co_await net::sleep(test.loop, Millis(300));  // it is connecting again
  co_await ask_once(test, expected);
}

TEST(RedisAway, IsSilentAgain) {
  const auto listener = e2e::Listener::tcp();
  const std::string place = "127.0.0.1:" + listener.port_text();
  with_redis(redis_store("redis://" + place, kShort, kShort), [&](RedisTest test) {
    return ask_again(test, "unavailable: redis at " + place + ": no answer for 1000 ms");
  });
}

// Greets as Redis does; `more` comes with the last answer.
e2e::Socket greeted(e2e::Listener& listener, const std::string& more) {
  auto client = listener.accept();
  client.take_until("LOAD\r\n$");
  client.send("$1\r\na\r\n");
  client.take_until("HDEL\r\n$");
  client.send(":0\r\n");
  client.take_until("SLOTS\r\n");
  client.send("-ERR no cluster\r\n" + more);
  return client;
}

TEST(RedisAway, SaysMoreThanItIsAsked) {
  for (const std::string more : {"+OK\r\n+OK\r\n+OK\r\n", "*0\r\n", ":1\r\n", "$-1\r\n"}) {
    auto listener = e2e::Listener::tcp();
    std::thread server([&] { greeted(listener, more); });
    const std::string place = "127.0.0.1:" + listener.port_text();
    expect_told(redis_store("redis://" + place, kPatience, kPatience),
                "unavailable: redis at " + place + ": an unexpected answer");
    server.join();
  }
}

TEST(RedisAway, AnswersSomethingElse) {
  auto listener = e2e::Listener::tcp();
  std::thread server([&] {
    auto client = greeted(listener, "");
    client.take_until("counterd:x\r\n");
    client.send("+OK\r\n");
  });
  const std::string place = "127.0.0.1:" + listener.port_text();
  expect_told(redis_store("redis://" + place, kPatience, kPatience),
              "unknown: redis at " + place + ": an answer that is not understood");
  server.join();
}

TEST(RedisAway, HangsUp) {
  auto listener = e2e::Listener::tcp();
  std::thread server([&] { listener.accept().take_until("\r\n"); });
  const std::string place = "127.0.0.1:" + listener.port_text();
  expect_told(redis_store("redis://" + place, kPatience, kPatience),
              "unavailable: redis at " + place + ": the connection was closed");
  server.join();
}

TEST(RedisAway, IsSomethingElse) {
  auto listener = e2e::Listener::tcp();
  std::thread server([&] {
    auto client = listener.accept();
    client.take_until("\r\n");
    client.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    EXPECT_TRUE(client.is_reset() || client.at_end());
  });
  const std::string place = "127.0.0.1:" + listener.port_text();
  expect_told(redis_store("redis://" + place, kPatience, kPatience),
              "unavailable: redis at " + place + ": Protocol error, got \"H\" as reply type byte");
  server.join();
}

TEST(RedisAway, WantsAPassword) {
  const RedisServer redis({"--requirepass", "se:c@ret/"});
  const std::string refused = "refused: redis at " + redis.address() + ": ";
  const auto store = [&](const std::string& credentials) {
    return redis_store("redis://" + credentials + redis.address(), kPatience, kPatience);
  };
  expect_told(store(""), refused + "NOAUTH Authentication required.");
  expect_told(store(":secret@"),
              refused + "WRONGPASS invalid username-password pair or user is disabled.");
  expect_told(store(":se:c@ret%2F@"), "1");
  expect_told(store("default:se%3ac%40ret%2f@"), "2");
}

TEST(RedisAway, HasNoSuchDatabase) {
  const RedisServer redis;
  expect_told(redis_store(redis.url() + "/99", kPatience, kPatience),
              "refused: redis at " + redis.address() + ": ERR DB index is out of range");
}

TEST(RedisAway, IsFoundByName) {
  const RedisServer redis;
  expect_told(
      redis_store("redis://localhost:" + std::to_string(redis.port()), kPatience, kPatience), "1");
}

// ---- lost and back ----

Task<> lose_and_find(RedisTest test, RedisServer& redis) {
  co_await ask_once(test, "1");
  redis.kill();
  std::string result = co_await told(test.store, inc("x"));
  EXPECT_TRUE(result.starts_with("un")) << result;  // known to be lost, or found out just now
  result = co_await told(test.store, inc("x"));
  EXPECT_TRUE(result.starts_with("unavailable: redis at " + redis.address())) << result;
  redis.start();
  result = co_await told_at_last(test, inc("y"));
  EXPECT_EQ(result, "1");
}

TEST(RedisAway, ComesBack) {
  RedisServer redis;
  with_redis(redis_store(redis.url(), kPatience, kPatience),
             [&](RedisTest test) { return lose_and_find(test, redis); });
}

Task<> be_cut_off(RedisTest test, const RedisServer& redis) {
  co_await ask_once(test, "1");
  EXPECT_EQ(redis.cli({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}), "1");
  const std::string lost = co_await told(test.store, inc("x"));
  EXPECT_TRUE(lost.starts_with("un")) << lost;
  const std::string result = co_await told_at_last(test, inc("y"));
  EXPECT_EQ(result, "1");
  EXPECT_EQ(redis.cli({"HGET", "counterd:x", "value"}), "1");
}

TEST(RedisAway, CutsUsOff) {
  const RedisServer redis;
  with_redis(redis_store(redis.url(), kPatience, kPatience),
             [&](RedisTest test) { return be_cut_off(test, redis); });
}

// ---- fates ----

// A thousand in each round of the loop.
Task<> increment_many(RedisTest test, int count, Tally& tally) {
  WaitGroup group;
  for (int i = 1; i <= count; ++i) {
    group.go(increment(test.store, "x", tally));
    if (i % 1'000 == 0) co_await net::next_round(test.loop);
  }
  co_await group.wait();
}

int value_of_x(const RedisServer& redis) {
  const std::string value = redis.cli({"HGET", "counterd:x", "value"});
  return value.empty() ? 0 : std::stoi(value);
}

// Until Redis has read what it was sent, and has let go of who has sent it.
void settle(const RedisServer& redis) {
  e2e::wait_until("the end of lost connections", [&redis] {
    const std::string clients = redis.cli({"CLIENT", "LIST"});
    return std::ranges::count(clients, '\n') <= 1;  // redis-cli's, the store's
  });
}

Task<> be_put_off(RedisTest test, const RedisServer& redis) {
  co_await ask_once(test, "1");
  redis.signal(SIGSTOP);
  Tally tally;
  co_await increment_many(test, 10, tally);
  EXPECT_EQ(tally.unknown, 10);
  EXPECT_EQ(tally.reasons, std::vector{"redis at " + redis.address() + ": no answer for 1000 ms"});
  // From here on it is known to be away: nothing waits, and nothing is sent.
  co_await increment_many(test, 10, tally);
  EXPECT_EQ(tally.unavailable, 10);
  const std::string seen = co_await told(test.store, get("x"));
  EXPECT_TRUE(seen.starts_with("unavailable")) << seen;
  redis.signal(SIGCONT);
  const std::string back = co_await told_at_last(test, inc("y"));
  EXPECT_EQ(back, "1");
  settle(redis);
  EXPECT_LE(value_of_x(redis), 1 + tally.unknown);
}

TEST(RedisAway, StopsInTheMiddle) {
  const RedisServer redis;
  with_redis(redis_store(redis.url(), kPatience, kShort),
             [&](RedisTest test) { return be_put_off(test, redis); });
}

// More than the socket takes: what has not left us has not been done, and is known not to have
// been.
Task<> send_too_much(RedisTest test, const RedisServer& redis) {
  constexpr int kMore = 70'000;
  Tally tally;
  // On a slow machine the store may give up before anything was sent.
  for (int tries = 0; tries < 5 && tally.unknown == 0; ++tries) {
    (void)co_await told_at_last(test, inc("y"));
    redis.signal(SIGSTOP);
    tally = {};
    co_await increment_many(test, kMore, tally);
    redis.signal(SIGCONT);
  }
  EXPECT_GT(tally.unknown, 0);
  EXPECT_GT(tally.unavailable, kMore - (1 << 16)) << "more than those that found the queue full";
  EXPECT_EQ(tally.unknown + tally.unavailable, kMore);
  const std::string back = co_await told_at_last(test, inc("z"));
  EXPECT_EQ(back, "1");
  settle(redis);
  EXPECT_LE(value_of_x(redis), tally.unknown);
}

TEST(RedisAway, TakesNoMore) {
  const RedisServer redis;
  with_redis(redis_store(redis.url(), kPatience, Millis(1'500)),
             [&](RedisTest test) { return send_too_much(test, redis); });
}

Task<> leave_in_the_middle(RedisTest test, const RedisServer& redis) {
  co_await ask_once(test, "1");
  redis.signal(SIGSTOP);
  Tally tally;
  WaitGroup group;
  for (int i = 0; i < 10; ++i) group.go(increment(test.store, "x", tally));
  for (int i = 0; i < 3; ++i) co_await net::next_round(test.loop);  // they go out
  test.loop.cancel_all();
  co_await group.wait();
  EXPECT_EQ(tally.unknown, 10);
  co_await increment_many(test, 1, tally);
  EXPECT_EQ(tally.unavailable, 1);
}

TEST(RedisAway, IsLeftInTheMiddle) {
  const RedisServer redis;
  with_redis(redis_store(redis.url(), kPatience, kPatience),
             [&](RedisTest test) { return leave_in_the_middle(test, redis); });
}

// ---- killed under load ----

Task<> kill_under_load(RedisTest test, RedisServer& redis) {
  constexpr int kTasks = 50, kRounds = 3, kEach = 1'000;
  Load load;
  WaitGroup group;
  for (int i = 0; i < kTasks; ++i) group.go(increment_on(test, "x", load));
  for (int round = 0; round < kRounds; ++round) {
    const int enough = load.tally.done + kEach;
    const net::Deadline deadline(kPatience);
    while (load.tally.done < enough && deadline.left() > Millis(0))
      (void)co_await net::sleep(test.loop, Millis(1));
    EXPECT_GE(load.tally.done, enough);
    redis.kill();
    const int lost = load.tally.unavailable;
    while (load.tally.unavailable == lost && deadline.left() > Millis(0))
      (void)co_await net::sleep(test.loop, Millis(1));
    co_await net::yield(test.loop);  // the tasks whose command was under way count it first
    redis.start();
    EXPECT_GE(value_of_x(redis), load.tally.done);
    EXPECT_LE(value_of_x(redis), load.tally.done + load.tally.unknown);
  }
  load.over = true;
  co_await group.wait();
  EXPECT_EQ(load.tally.other, 0);
}

TEST(RedisAway, LosesNothingWhenKilled) {
  RedisServer redis({"--appendonly", "yes", "--appendfsync", "always"});
  with_redis(redis_store(redis.url(), kPatience, kPatience),
             [&](RedisTest test) { return kill_under_load(test, redis); });
}

}  // namespace
}  // namespace counterd
