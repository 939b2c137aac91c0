// Task and WaitGroup: calls, their results and their owners.
#include "common/net/task.h"

#include <memory>
#include <string>
#include <vector>

#include "net_test.h"

namespace net {
namespace {

// ---- Task ----

Task<int> answer() { co_return 42; }
Task<std::string> after_a_round(Loop& loop, std::string word) {
  co_await next_round(loop);
  co_return word + "!";
}
Task<std::unique_ptr<int>> boxed(int n) { co_return std::make_unique<int>(n); }
Task<> set(bool& done) {
  done = true;
  co_return;
}

NET_TEST(Task, ReturnsItsResult) {
  int n = co_await answer();
  EXPECT_EQ(n, 42);
  std::string word = co_await after_a_round(loop, "late");
  EXPECT_EQ(word, "late!");
  std::unique_ptr<int> box = co_await boxed(7);
  REQUIRE(box);
  EXPECT_EQ(*box, 7);
}

NET_TEST(Task, BeginsWhenItIsAwaited) {
  bool done = false;
  (void)set(done);  // never awaited
  EXPECT_FALSE(done);
  Task<> later = set(done);
  EXPECT_FALSE(done);
  co_await std::move(later);
  EXPECT_TRUE(done);
}

Task<int> depth(Loop& loop, int n) {
  if (n == 0) {
    co_await next_round(loop);
    co_return 0;
  }
  int below = co_await depth(loop, n - 1);
  co_return below + 1;
}

NET_TEST(Task, NestsAndUnwinds) {
  int n = co_await depth(loop, 500);
  EXPECT_EQ(n, 500);
}

Task<int> same(int n) { co_return n; }

NET_TEST(Task, MillionReadyAwaitsNeedNoStack) {
  std::int64_t sum = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    int n = co_await same(i);
    sum += n;
  }
  EXPECT_EQ(sum, 499'999'500'000);
}

NET_TEST(Task, HundredThousandRoundsNeedNoStack) {
  int rounds = 0;
  for (int i = 0; i < 100'000; ++i) {
    co_await next_round(loop);
    int n = co_await same(1);
    rounds += n;
  }
  EXPECT_EQ(rounds, 100'000);
}

// ---- WaitGroup ----

// Goes on when it is told to.
struct Gate {
  explicit Gate(Loop& loop) : timer(loop) {}
  Timer timer;
  bool passed = false;
};

Task<> pass(Gate& gate) {
  Error e = co_await gate.timer.wait(kPatience);
  EXPECT_EQ(e, Error(UV_EINTR));
  gate.passed = true;
}

NET_TEST(WaitGroup, RunsATaskUpToItsFirstWait) {
  WaitGroup group;
  bool done = false;
  group.go(set(done));
  EXPECT_TRUE(done);
  EXPECT_EQ(group.count(), 0U);
  Gate gate(loop);
  group.go(pass(gate));
  EXPECT_EQ(group.count(), 1U);
  co_await next_round(loop);
  EXPECT_FALSE(gate.passed);
  gate.timer.wake();
  co_await group.wait();
  EXPECT_TRUE(gate.passed);
  EXPECT_EQ(group.count(), 0U);
}

NET_TEST(WaitGroup, NobodyToWaitForIsNoWait) {
  WaitGroup group;
  co_await group.wait();
  Gate gate(loop);
  group.go(pass(gate));
  co_await group.wait(1);
  EXPECT_FALSE(gate.passed);
  gate.timer.wake();
  co_await group.wait();
}

NET_TEST(WaitGroup, WaitsUntilOnlySoManyRun) {
  std::vector<std::unique_ptr<Gate>> gates;
  WaitGroup group;
  for (int i = 0; i < 5; ++i) {
    gates.push_back(std::make_unique<Gate>(loop));
    group.go(pass(*gates.back()));
  }
  EXPECT_EQ(group.count(), 5U);
  gates[3]->timer.wake();
  co_await group.wait(4);
  EXPECT_EQ(group.count(), 4U);
  EXPECT_TRUE(gates[3]->passed);
  gates[0]->timer.wake();
  gates[4]->timer.wake();
  co_await group.wait(2);
  EXPECT_EQ(group.count(), 2U);
  gates[1]->timer.wake();
  gates[2]->timer.wake();
  co_await group.wait();
  for (const auto& gate : gates) EXPECT_TRUE(gate->passed);
}

NET_TEST(WaitGroup, TellsOfEachTasksEnd) {
  int ends = 0;
  WaitGroup group([&ends] { ++ends; });
  bool done = false;
  group.go(set(done));
  EXPECT_EQ(ends, 1);
  Gate first(loop), second(loop);
  group.go(pass(first));
  group.go(pass(second));
  EXPECT_EQ(ends, 1);
  second.timer.wake();
  co_await group.wait(1);
  EXPECT_EQ(ends, 2);
  first.timer.wake();
  co_await group.wait();
  EXPECT_EQ(ends, 3);
}

Task<> go_round(Loop& loop, int rounds, int& ended) {
  for (int i = 0; i < rounds; ++i) co_await next_round(loop);
  ++ended;
}

NET_TEST(WaitGroup, KeepsToALimitOverManyTasks) {
  WaitGroup group;
  int ended = 0;
  std::size_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    group.go(go_round(loop, i % 7, ended));
    most = std::max(most, group.count());
    co_await group.wait(9);
  }
  co_await group.wait();
  EXPECT_EQ(ended, 1000);
  EXPECT_LE(most, 10U);
  EXPECT_GE(most, 5U);
}

NET_TEST(WaitGroup, MillionReadyTasksNeedNoStack) {
  WaitGroup group;
  bool done = false;
  for (int i = 0; i < 1'000'000; ++i) group.go(set(done));
  co_await group.wait();
  EXPECT_TRUE(done);
}

Task<> abandon(Loop& loop) {
  WaitGroup group;
  int ended = 0;
  group.go(go_round(loop, 1, ended));
  co_return;
}

TEST(WaitGroupDeathTest, MustBeWaitedFor) {
  EXPECT_DEATH(run_test(&abandon), "check failed: count_ == 0");
}

}  // namespace
}  // namespace net
