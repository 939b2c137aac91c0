// The store in Redis: what it does with a server that is there.
#include "counterd_redis_test.h"

#include <algorithm>
#include <set>
#include <thread>

namespace counterd {

using e2e::RedisServer;
using net::Task;
using net::WaitGroup;

static Task<int> main_of(net::Loop& loop, Store& store, const RedisBody& body) {
  WaitGroup running;
  running.go(store.run());
  const RedisTest test{loop, store};
  co_await body(test);
  loop.cancel_all();
  co_await running.wait();
  co_return 0;
}

void with_redis(const MakeStore& make, const RedisBody& body) {
  net::Loop loop;
  const auto store = make(loop);
  EXPECT_EQ(loop.run(main_of(loop, *store, body)), 0);
}

void with_redis(const std::string& url, const RedisBody& body) {
  with_redis(redis_store(url, net::kPatience, net::kPatience), body);
}

MakeStore redis_store(const std::string& url, Millis connect, Millis command,
                      std::uint64_t max_counters) {
  RedisOptions options{.connect_timeout = connect, .command_timeout = command, .says_so = false};
  std::string why;
  EXPECT_TRUE(RedisUrl::parse(url, options.url, why)) << why;
  options.limits = {.max_counters = max_counters, .op_window = std::chrono::minutes(10)};
  return make_redis_store(options);
}

Task<std::string> told_at_last(RedisTest test, Command command) {
  const net::Deadline deadline(net::kPatience);
  for (;;) {
    std::string result = co_await told(test.store, command);
    if (!result.starts_with("unavailable") || deadline.left() == Millis(0)) co_return result;
    (void)co_await net::sleep(test.loop, Millis(10));
  }
}

Task<> increment(Store& store, std::string name, Tally& tally) {
  const Outcome outcome = co_await ask(store, inc(name));
  switch (outcome.status) {
    case Outcome::kDone:
      ++tally.done;
      co_return;
    case Outcome::kUnavailable:
      ++tally.unavailable;
      break;
    case Outcome::kUnknown:
      ++tally.unknown;
      break;
    default:
      ++tally.other;
      break;
  }
  if (std::ranges::find(tally.reasons, outcome.why) == tally.reasons.end())
    tally.reasons.push_back(outcome.why);
}

Task<> increment_on(RedisTest test, std::string name, Load& load) {
  while (!load.over) {
    co_await increment(test.store, name, load.tally);
    (void)co_await net::sleep(test.loop, Millis(1));
  }
}

namespace {

// ---- commands ----

Task<> do_everything_in_redis(RedisTest test) {
  const Command set_b{.kind = Command::kCas, .name = "b", .value = 9, .expected = 5};
  const struct {
    Command command;
    std::string result;
    std::int64_t before;
  } steps[] = {
      {get("a"), "not found", 0},
      {inc("a"), "1", 0},
      {get("a"), "1", 1},
      {inc("a", -3), "-2", 1},
      {set("a", 40), "40", -2},
      {inc("b", 5), "5", 0},
      {set_b, "9", 5},
      {set_b, "mismatch: 9", 9},
      {{.kind = Command::kCas, .name = "c"}, "not found", 0},
      {{.kind = Command::kReset, .name = "b"}, "0", 9},
      {{.kind = Command::kReset, .name = "c"}, "not found", 0},
      {remove("a"), "40", 40},
      {remove("a"), "not found", 0},
      {get("a"), "not found", 0},
      {set("new", 0), "0", 0},
      {inc("it's {of} \"Привет\"*\\", -1), "-1", 0},
      {inc(std::string(kNameBytesMax, 'x'), 3), "3", 0},
  };
  for (const auto& step : steps) {
    const Outcome outcome = co_await ask(test.store, step.command);
    EXPECT_EQ(shown(outcome), step.result) << "step " << &step - steps;
    EXPECT_EQ(outcome.before, step.before) << "step " << &step - steps;
  }
  const std::string all = co_await listed(test.store, "", nullptr);
  EXPECT_EQ(all, "b=0 it's {of} \"Привет\"*\\=-1 new=0 " + std::string(kNameBytesMax, 'x') + "=3");
}

TEST(RedisStore, DoesWhatItIsTold) {
  const RedisServer redis;
  with_redis(redis.url(), do_everything_in_redis);
}

Task<> count_to_the_limits(RedisTest test) {
  constexpr std::int64_t kBeyondDoubles = (std::int64_t{1} << 53) + 1;
  const struct {
    Command command;
    std::string result;
    std::int64_t before;
  } steps[] = {
      {set("a", kBeyondDoubles - 2), "9007199254740991", 0},
      {inc("a", 2), "9007199254740993", kBeyondDoubles - 2},
      {inc("a", 1), "9007199254740994", kBeyondDoubles},
      {inc("a", INT64_MAX - kBeyondDoubles - 2), "9223372036854775806", kBeyondDoubles + 1},
      {inc("a"), "9223372036854775807", INT64_MAX - 1},
      {inc("a"), "overflow", INT64_MAX},
      {inc("a", INT64_MAX), "overflow", INT64_MAX},
      {get("a"), "9223372036854775807", INT64_MAX},
      {inc("a", INT64_MIN), "-1", INT64_MAX},
      {inc("b", INT64_MIN), "-9223372036854775808", 0},
      {inc("b", -1), "overflow", INT64_MIN},
      {get("b"), "-9223372036854775808", INT64_MIN},
      {{.kind = Command::kCas, .name = "b", .value = 7, .expected = INT64_MIN + 1},
       "mismatch: -9223372036854775808",
       INT64_MIN},
      {{.kind = Command::kCas, .name = "b", .value = INT64_MAX, .expected = INT64_MIN},
       "9223372036854775807",
       INT64_MIN},
  };
  for (const auto& step : steps) {
    const Outcome outcome = co_await ask(test.store, step.command);
    EXPECT_EQ(shown(outcome), step.result) << "step " << &step - steps;
    EXPECT_EQ(outcome.before, step.before) << "step " << &step - steps;
  }
}

TEST(RedisStore, IsExactToTheLastOf64Bits) {
  const RedisServer redis;
  with_redis(redis.url(), count_to_the_limits);
}

Task<> let_expire_in_redis(RedisTest test) {
  const auto brief = [](Command command, Millis ttl) {
    command.ttl = ttl;
    return command;
  };
  const Time start = now();
  const Outcome made = co_await ask(test.store, brief(inc("x"), Millis(300)));
  EXPECT_GE(made.counter.expires, start + Millis(300));
  EXPECT_LE(made.counter.expires, now() + Millis(300));
  const Outcome kept = co_await ask(test.store, brief(inc("x"), std::chrono::hours(1)));
  EXPECT_EQ(kept.counter.expires, made.counter.expires) << "set when created, and then no more";
  const Outcome seen = co_await ask(test.store, get("x"));
  EXPECT_EQ(seen.counter, kept.counter);
  (void)co_await ask(test.store, inc("stays"));
  const Outcome stays = co_await ask(test.store, brief(set("stays", 2), Millis(1)));
  EXPECT_EQ(stays.counter.expires, kNever);
  while (now() <= made.counter.expires) (void)co_await net::sleep(test.loop, Millis(10));
  const std::string gone = co_await told(test.store, get("x"));
  EXPECT_EQ(gone, "not found");
  const Outcome again = co_await ask(test.store, inc("x"));
  EXPECT_EQ(again.counter.value, 1);
  EXPECT_EQ(again.counter.expires, kNever);
  const Outcome ages = co_await ask(test.store, brief(inc("ages"), Millis::max()));
  EXPECT_EQ(shown(ages), "1");
  const std::string all = co_await listed(test.store, "", nullptr);
  EXPECT_EQ(all, "ages=1 stays=2 x=1");
}

TEST(RedisStore, ForgetsWhatHasExpired) {
  const RedisServer redis;
  with_redis(redis.url(), let_expire_in_redis);
}

Task<> look_at_the_times(RedisTest test) {
  Command command = inc("x");
  const Time start = now();
  const Outcome made = co_await ask(test.store, command);
  EXPECT_GE(made.counter.changed, start);
  EXPECT_LE(made.counter.changed, now());
  command = {.kind = Command::kImport, .name = "x", .value = 1};
  command.changed = Time(Millis(1234567890123));
  const Outcome imported = co_await ask(test.store, command);
  EXPECT_EQ(imported.counter.changed, command.changed);
  const Outcome seen = co_await ask(test.store, get("x"));
  EXPECT_EQ(seen.counter.changed, command.changed);
  // What changes nothing is no change.
  const Outcome refused = co_await ask(test.store, inc("x", INT64_MAX));
  EXPECT_EQ(refused.status, Outcome::kOverflow);
  EXPECT_EQ(refused.counter.changed, command.changed);
  for (const Command::Kind kind : {Command::kReset, Command::kCas}) {
    const Time before = now();
    const Command change{.kind = kind, .name = "x", .expected = 0};
    const Outcome changed = co_await ask(test.store, change);
    EXPECT_EQ(changed.status, Outcome::kDone);
    EXPECT_GE(changed.counter.changed, before);
  }
}

Task<> import_into_redis(RedisTest test) { return import_exactly(test.store); }

TEST(RedisStore, ImportsExactly) {
  const RedisServer redis;
  with_redis(redis_store(redis.url(), net::kPatience, net::kPatience, 2), import_into_redis);
}

TEST(RedisStore, RemembersTheLastChange) {
  const RedisServer redis;
  with_redis(redis.url(), look_at_the_times);
}

Task<> fill_in_redis(RedisTest test) {
  const Command steps[] = {inc("a"), set("b", 1), inc("c"), set("d", 1),
                           inc("a"), remove("a"), inc("d"), inc("e")};
  std::string all;
  for (const Command& step : steps) {
    const std::string result = co_await told(test.store, step);
    all += result + ", ";
  }
  EXPECT_EQ(all, "1, 1, too many, too many, 2, 2, 1, too many, ");
}

TEST(RedisStore, HasALimit) {
  const RedisServer redis;
  with_redis(redis_store(redis.url(), net::kPatience, net::kPatience, 2), fill_in_redis);
}

Task<> fill_with_tokens(RedisTest test) {
  Command command = inc("a");
  std::string all;
  for (const char* token : {"1", "2", "1", "3", ""}) {
    command.op = token;
    const std::string result = co_await told(test.store, command);
    all += result + ", ";
  }
  EXPECT_EQ(all, "1, 2, 1, too many, 3, ");
  command.op = "4";
  const Outcome refused = co_await ask(test.store, command);
  EXPECT_EQ(refused.why, "op: more keys than --max-counters, of which each token is one");
}

TEST(RedisStore, HasALimitForTokens) {
  const RedisServer redis;
  with_redis(redis_store(redis.url(), net::kPatience, net::kPatience, 3), fill_with_tokens);
}

Task<> keep(RedisTest test) {
  Command command = set("a b", 7);
  command.ttl = std::chrono::hours(1);
  const Outcome made = co_await ask(test.store, command);
  EXPECT_EQ(shown(made), "7");
}

TEST(RedisStore, KeepsACounterInAHash) {
  const RedisServer redis;
  with_redis(redis.url() + "/3", keep);
  EXPECT_EQ(redis.cli({"KEYS", "*"}), "");
  EXPECT_EQ(redis.cli({"-n", "3", "KEYS", "*"}), "counterd:a b");
  EXPECT_EQ(redis.cli({"-n", "3", "HGET", "counterd:a b", "value"}), "7");
  const auto number = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"-n", "3"});
    return std::stoll(redis.cli(words));
  };
  EXPECT_EQ(number({"HLEN", "counterd:a b"}), 3);
  EXPECT_EQ(number({"HGET", "counterd:a b", "expires"}), number({"PEXPIRETIME", "counterd:a b"}));
  EXPECT_EQ(number({"HGET", "counterd:a b", "expires"}) - 3'600'000,
            number({"HGET", "counterd:a b", "changed"}));
}

Task<> meet_strangers(RedisTest test) {
  const std::string names[] = {"text", "words", "large", "other", "times", "zeros", "minus"};
  std::vector<Command> commands;
  for (const std::string& name : names) {
    commands.push_back(get(name));
    commands.push_back(inc(name));
    commands.push_back(set(name, 1));
    commands.push_back(remove(name));
    for (const Command::Kind kind : {Command::kReset, Command::kCas, Command::kImport})
      commands.push_back({.kind = kind, .name = name});
  }
  for (const Command& command : commands) {
    const std::string result = co_await told(test.store, command);
    EXPECT_EQ(result, "foreign") << command.name << " " << command.kind;
  }
  Command several = inc("fine");
  several.others = {"text"};
  const Outcome outcome = co_await ask(test.store, several);
  EXPECT_EQ(shown(outcome), "foreign");
  EXPECT_EQ(outcome.failed, 1U);
  const std::string all = co_await listed(test.store, "", nullptr);
  EXPECT_EQ(all, "");
}

TEST(RedisStore, LeavesAloneWhatIsNoCounter) {
  const RedisServer redis;
  redis.cli({"SET", "counterd:text", "5"});
  redis.cli({"HSET", "counterd:words", "value", "many", "changed", "1"});
  redis.cli({"HSET", "counterd:large", "value", "9223372036854775808"});
  redis.cli({"HSET", "counterd:other", "size", "1"});
  redis.cli({"HSET", "counterd:times", "value", "1", "changed", "today"});
  redis.cli({"HSET", "counterd:zeros", "value", "007"});
  redis.cli({"HSET", "counterd:minus", "value", "-0"});
  redis.cli({"HSET", "counterd:a\nb", "value", "1"});
  redis.cli({"HSET", "counterd", "value", "1"});
  with_redis(redis.url(), meet_strangers);
  EXPECT_EQ(redis.cli({"GET", "counterd:text"}), "5");
  EXPECT_EQ(redis.cli({"HMGET", "counterd:words", "value", "changed"}), "many\n1");
  EXPECT_EQ(redis.cli({"HGETALL", "counterd:other"}), "size\n1");
  EXPECT_EQ(redis.cli({"DBSIZE"}), "9");
}

Task<> increment_around(RedisTest test, const RedisServer& redis) {
  for (int i = 1; i <= 3; ++i) {
    const std::string result = co_await told(test.store, inc("x"));
    EXPECT_EQ(result, std::to_string(i));
    EXPECT_EQ(redis.cli({"SCRIPT", "FLUSH"}), "OK");
  }
}

TEST(RedisStore, BringsItsScriptsAgain) {
  const RedisServer redis;
  with_redis(redis.url(), [&](RedisTest test) { return increment_around(test, redis); });
}

Task<> be_refused_memory(RedisTest test, const RedisServer& redis) {
  const std::string made = co_await told(test.store, inc("x"));
  EXPECT_EQ(made, "1");
  redis.cli({"CONFIG", "SET", "maxmemory", "1"});
  const Outcome full = co_await ask(test.store, inc("x"));
  EXPECT_EQ(full.status, Outcome::kNoSpace) << shown(full);
  const std::string seen = co_await told(test.store, get("x"));
  EXPECT_EQ(seen, "1");
  redis.cli({"CONFIG", "SET", "maxmemory", "0"});
  const std::string again = co_await told(test.store, inc("x"));
  EXPECT_EQ(again, "2");
}

TEST(RedisStore, SaysThatRedisIsFull) {
  const RedisServer redis;
  with_redis(redis.url(), [&](RedisTest test) { return be_refused_memory(test, redis); });
}

}  // namespace
}  // namespace counterd
