// What is true of every store of counterd's that is in this process: memory and FILE.db.
#include "counterd_store_test.h"

#include <thread>

namespace counterd {

using net::Task;
using net::WaitGroup;

std::string shown(const Outcome& outcome) {
  switch (outcome.status) {
    case Outcome::kDone:
      return std::to_string(outcome.counter.value);
    case Outcome::kNotFound:
      return "not found";
    case Outcome::kMismatch:
      return "mismatch: " + std::to_string(outcome.counter.value);
    case Outcome::kOverflow:
      return "overflow";
    case Outcome::kTooMany:
      return "too many";
    case Outcome::kUnavailable:
      return "unavailable: " + outcome.why;
    case Outcome::kNoSpace:
      return "no space: " + outcome.why;
    case Outcome::kReused:
      return "reused";
    case Outcome::kForeign:
      return "foreign";
    case Outcome::kCrossSlot:
      return "cross slot";
    case Outcome::kRefused:
      return "refused: " + outcome.why;
    case Outcome::kUnknown:
      break;
  }
  return "unknown: " + outcome.why;
}

Task<std::string> told(Store& store, Command command) {
  const Outcome outcome = co_await ask(store, command);
  co_return shown(outcome);
}

Task<> set_quietly(Store& store, std::string name, std::int64_t value) {
  const std::string result = co_await told(store, set(name, value));
  EXPECT_EQ(result, std::to_string(value));
}

Task<std::string> listed(Store& store, std::string prefix, int* pieces) {
  ListQuery query;
  query.prefix = std::move(prefix);
  std::string text;
  std::string from;
  do {
    const Page page = co_await store.list(query, from);
    for (const Entry& entry : page.entries) {
      if (!text.empty()) text.push_back(' ');
      text.append(entry.name).append("=").append(std::to_string(entry.counter.value));
    }
    from = page.next;
    if (pieces != nullptr) ++*pieces;
  } while (!from.empty());
  co_return text;
}

Task<> import_exactly(Store& store) {
  const Time changed(Millis(1234567890123));
  const Time soon = now() + std::chrono::hours(1);
  const Time gone = now() - std::chrono::hours(1);
  const Counter imports[] = {{5, changed, soon},   {6, changed, soon + Millis(1)},
                             {7, changed, kNever}, {8, changed, gone},
                             {8, changed, gone},   {9, changed, soon}};
  for (const Counter& counter : imports) {
    Command command{.kind = Command::kImport, .name = "x", .value = counter.value};
    command.changed = counter.changed;
    command.expires = counter.expires;
    const Outcome imported = co_await ask(store, command);
    EXPECT_EQ(imported.status, Outcome::kDone);
    const Outcome seen = co_await ask(store, get("x"));
    EXPECT_EQ(seen.status, counter.expires == gone ? Outcome::kNotFound : Outcome::kDone);
    EXPECT_TRUE(seen.status != Outcome::kDone || seen.counter == counter) << counter.value;
  }
  // What was not there does not count when it is gone.
  const std::string other = co_await told(store, inc("y"));
  EXPECT_EQ(other, "1");
  const std::string too_many = co_await told(store, inc("z"));
  EXPECT_EQ(too_many, "too many");
}

// A time to live that ends later than a time can be, or is longer than a number can be.
Task<> renew_to_the_end_of_time(Store& store) {
  Command renew = inc("x");
  renew.renews = true;
  for (const std::int64_t changed : {1, -1}) {
    Command import{.kind = Command::kImport, .name = "x", .value = 5};
    import.changed = Time(Millis(changed));
    import.expires = Time::max();
    std::string result = co_await told(store, import);
    EXPECT_EQ(result, "5");
    result = co_await told(store, inc("x"));
    EXPECT_EQ(result, "6");
    result = co_await told(store, renew);
    EXPECT_EQ(result, "7");
    const Outcome seen = co_await ask(store, get("x"));
    EXPECT_EQ(shown(seen), "7");
    EXPECT_EQ(seen.counter.expires, Time::max());
  }
}

static Task<int> main_of(Store& store, StoreBody body) {
  co_await body(store);
  co_return 0;
}

Opened started(Opened opened) {
  if (opened.why.empty()) opened.why = opened.start();
  return opened;
}

void with_store(const Opened& opened, StoreBody body) {
  ASSERT_EQ(opened.why, "");
  net::Loop loop;
  const auto store = opened.make(loop);
  EXPECT_EQ(loop.run(main_of(*store, body)), 0);
}

namespace {

using OpenStore = Opened (*)(const StoreOptions&);

struct Kind {
  std::string name;
  OpenStore open;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class Stores : public testing::TestWithParam<Kind> {
 protected:
  Opened open(std::uint64_t max_counters = 1'000'000) const {
    return started(GetParam().open({.place = dir_.file("counters.db"),
                                    .limits = {.max_counters = max_counters},
                                    .clock = SetClock::now}));
  }
  const net::TempDir dir_;
  const SetClock clock_;
};

const Kind kKinds[] = {
    {"memory", open_memory_store},
#ifdef WIREUTILS_SQLITE
    {"sqlite", open_sqlite_store},
#endif
};
INSTANTIATE_TEST_SUITE_P(All, Stores, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return kind.param.name; });

Task<> do_everything(Store& store) {
  const Command set_b{.kind = Command::kCas, .name = "b", .value = 9, .expected = 5};
  const struct {
    Command command;
    std::string result;
  } steps[] = {
      {get("a"), "not found"},
      {set("a", 0), "0"},
      {inc("a"), "1"},
      {get("a"), "1"},
      {inc("a", -3), "-2"},
      {inc("b", 5), "5"},
      {set_b, "9"},
      {set_b, "mismatch: 9"},
      {inc("b", INT64_MAX), "overflow"},
      {get("b"), "9"},
      {{.kind = Command::kReset, .name = "b"}, "0"},
      {{.kind = Command::kReset, .name = "c"}, "not found"},
      {remove("a"), "-2"},
      {remove("a"), "not found"},
      {get("a"), "not found"},
      {set("it's; \"Привет\"", INT64_MIN), "-9223372036854775808"},
  };
  for (const auto& step : steps) {
    const std::string result = co_await told(store, step.command);
    EXPECT_EQ(result, step.result) << step.command.name << " in step " << &step - steps;
  }
  const std::string all = co_await listed(store, "", nullptr);
  EXPECT_EQ(all, "b=0 it's; \"Привет\"=-9223372036854775808");
}

TEST_P(Stores, DoWhatTheyAreTold) { with_store(open(), do_everything); }

Task<> fill(Store& store) {
  const Command steps[] = {inc("a"), inc("b"), inc("c"), inc("a"), remove("a"), inc("d"), inc("e")};
  std::string all;
  for (const Command& step : steps) {
    const std::string result = co_await told(store, step);
    all += result + ", ";
  }
  EXPECT_EQ(all, "1, 1, too many, 2, 2, 1, too many, ");
}

TEST_P(Stores, HaveALimit) { with_store(open(2), fill); }

TEST_P(Stores, ImportExactly) { with_store(open(2), import_exactly); }

TEST_P(Stores, RenewToTheEndOfTime) { with_store(open(), renew_to_the_end_of_time); }

constexpr Millis kMonth = std::chrono::hours(24 * 31);

Task<> let_expire(Store& store) {
  Command brief = inc("brief");
  brief.ttl = kMonth;
  const Outcome made = co_await ask(store, brief);
  EXPECT_EQ(made.counter.expires, SetClock::now() + kMonth);
  SetClock::pass(kMonth - Millis(1));
  std::string all = co_await listed(store, "", nullptr);
  EXPECT_EQ(all, "brief=1");
  std::string other = co_await told(store, inc("other"));
  EXPECT_EQ(other, "too many");
  std::string result = co_await told(store, brief);
  EXPECT_EQ(result, "2") << "which gives it no longer life";
  SetClock::pass(Millis(1));
  result = co_await told(store, get("brief"));
  EXPECT_EQ(result, "not found");
  all = co_await listed(store, "", nullptr);
  EXPECT_EQ(all, "");
  // The limit of one counter is free again.
  other = co_await told(store, inc("other"));
  EXPECT_EQ(other, "1");
  all = co_await listed(store, "", nullptr);
  EXPECT_EQ(all, "other=1");
}

Task<> renew(Store& store) {
  Command renewed = inc("x");
  renewed.ttl = kMonth;
  renewed.renews = true;
  for (int i = 1; i <= 12; ++i) {
    const std::string result = co_await told(store, renewed);
    EXPECT_EQ(result, std::to_string(i));
    SetClock::pass(kMonth - Millis(1));
  }
  SetClock::pass(Millis(1));
  const std::string result = co_await told(store, renewed);
  EXPECT_EQ(result, "1");
}

TEST_P(Stores, KeepWhatIsRenewed) { with_store(open(), renew); }

// The clock of a host may be set back: what is to expire does so at its time, not after a time.
Task<> set_back(Store& store) {
  Command brief = inc("brief");
  brief.ttl = std::chrono::hours(1);
  std::string result = co_await told(store, brief);
  SetClock::pass(-kMonth);
  result = co_await told(store, brief);
  EXPECT_EQ(result, "2");
  SetClock::pass(kMonth + brief.ttl);
  result = co_await told(store, get("brief"));
  EXPECT_EQ(result, "not found");
}

TEST_P(Stores, ExpireByTheClockThatWasSetBack) { with_store(open(), set_back); }

Task<> repeat_token(Store& store) {
  Command once = inc("x");
  once.op = "token";
  std::string result = co_await told(store, once);
  EXPECT_EQ(result, "1");
  SetClock::pass(std::chrono::minutes(10) - Millis(1));
  result = co_await told(store, once);
  EXPECT_EQ(result, "1");
  SetClock::pass(Millis(1));
  result = co_await told(store, once);
  EXPECT_EQ(result, "2") << "the token is forgotten";
}

TEST_P(Stores, RememberATokenForItsWindow) { with_store(open(), repeat_token); }

TEST_P(Stores, ForgetWhatHasExpired) { with_store(open(1), let_expire); }

std::string numbered(int number) {
  std::string name("n");
  return name.append(std::to_string(number));
}

Task<> list_pieces(Store& store) {
  constexpr int kCounters = 1700;
  WaitGroup group;
  std::string expected;
  for (int i = 1000; i < 1000 + kCounters; ++i) {
    const std::string name = numbered(i);
    group.go(set_quietly(store, name, i));
    if (!expected.empty()) expected.push_back(' ');
    expected.append(name).append("=").append(std::to_string(i));
  }
  group.go(set_quietly(store, "m", 1));
  group.go(set_quietly(store, "o", 1));
  co_await group.wait();
  int pieces = 0;
  const std::string all = co_await listed(store, "n", &pieces);
  EXPECT_EQ(all, expected);
  EXPECT_GT(pieces, 1);
  const std::string some = co_await listed(store, "n101", nullptr);
  EXPECT_EQ(some.substr(0, 24), "n1010=1010 n1011=1011 n1");
  const std::string none = co_await listed(store, "nn", nullptr);
  EXPECT_EQ(none, "");
}

TEST_P(Stores, ListInTheOrderOfTheNamesAPieceAtATime) { with_store(open(), list_pieces); }

Task<> list_while_changing(Store& store) {
  WaitGroup group;
  for (int i = 1000; i < 2700; ++i) group.go(set_quietly(store, numbered(i), i));
  co_await group.wait();
  Page page = co_await store.list(kAll, "");
  const std::string last = page.next;
  // The counter at which the next piece begins goes, and one comes before it.
  const std::string removed = co_await told(store, remove(last));
  EXPECT_NE(removed, "not found");
  co_await set_quietly(store, "a", 1);
  std::size_t count = page.entries.size();
  while (!page.next.empty()) {
    const std::string from = page.next;
    Page next = co_await store.list(kAll, from);
    EXPECT_GT(next.entries.front().name, last);
    count += next.entries.size();
    page.next = next.next;
  }
  EXPECT_EQ(count, 1700U);
}

TEST_P(Stores, ListOnceWhatExistsThroughout) { with_store(open(), list_while_changing); }

// ---- loops in threads ----

constexpr int kRacingThreads = 3, kTasksEach = 20, kIncrementsEach = 50;

Task<> increment(Store& store) {
  for (int i = 0; i < kIncrementsEach; ++i) {
    const Outcome outcome = co_await ask(store, inc("x"));
    EXPECT_EQ(outcome.status, Outcome::kDone);
    const Outcome seen = co_await ask(store, get("x"));
    EXPECT_GE(seen.counter.value, outcome.counter.value);
    const Page page = co_await store.list(kAll, "");
    EXPECT_EQ(page.entries.size(), 1U);
  }
}

Task<int> increment_beside_each_other(Store& store) {
  WaitGroup group;
  for (int i = 0; i < kTasksEach; ++i) group.go(increment(store));
  co_await group.wait();
  co_return 0;
}

Task<> expect_all(Store& store) {
  const std::string result = co_await told(store, get("x"));
  EXPECT_EQ(result, std::to_string(kRacingThreads * kTasksEach * kIncrementsEach));
}

TEST_P(Stores, LoseNothingBetweenThreads) {
  const Opened opened = open();
  ASSERT_EQ(opened.why, "");
  std::vector<std::thread> threads;
  for (int i = 0; i < kRacingThreads; ++i)
    threads.emplace_back([&opened] {
      net::Loop loop;
      const auto store = opened.make(loop);
      EXPECT_EQ(loop.run(increment_beside_each_other(*store)), 0);
    });
  for (std::thread& thread : threads) thread.join();
  with_store(opened, expect_all);
}

}  // namespace
}  // namespace counterd
