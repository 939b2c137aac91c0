// sleep, Timer and Deadline.
#include "common/net/timer.h"

#include <memory>
#include <vector>

#include "common/net/watch.h"
#include "net_test.h"

namespace net {
namespace {

// ---- sleep ----

NET_TEST(Sleep, IsNeverShort) {
  for (const int ms : {1, 2, 3, 5, 10, 20, 1, 1, 1}) {
    const Stopwatch watch;
    Error e = co_await sleep(loop, Millis(ms));
    EXPECT_FALSE(e);
    EXPECT_GE(watch.elapsed(), Millis(ms));
  }
}

void burn(Millis time) {
  const Stopwatch watch;
  while (watch.elapsed() < time) continue;
}

NET_TEST(Sleep, IsNotShortAfterLongWork) {
  co_await next_round(loop);
  burn(Millis(30));
  const Stopwatch watch;
  Error e = co_await sleep(loop, Millis(20));
  EXPECT_FALSE(e);
  EXPECT_GE(watch.elapsed(), Millis(20));
}

NET_TEST(Sleep, OfZeroIsNone) {
  Error e = co_await sleep(loop, Millis::zero());
  EXPECT_FALSE(e);
}

Task<> sleep_then_note(Loop& loop, Millis time, int number, std::vector<int>& order) {
  Error e = co_await sleep(loop, time);
  EXPECT_FALSE(e);
  order.push_back(number);
}

NET_TEST(Sleep, EqualEndsComeInTheOrderOfTheirBeginnings) {
  std::vector<int> order;
  WaitGroup group;
  for (int i = 0; i < 100; ++i) group.go(sleep_then_note(loop, Millis(5), i, order));
  co_await group.wait();
  REQUIRE(order.size() == 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

NET_TEST(Sleep, EarlierEndsComeFirstWhateverBeganFirst) {
  std::vector<int> order;
  WaitGroup group;
  group.go(sleep_then_note(loop, Millis(90), 3, order));
  group.go(sleep_then_note(loop, Millis(50), 2, order));
  group.go(sleep_then_note(loop, Millis(10), 1, order));
  co_await group.wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

constexpr int kBusyRounds = 50;

Task<> sleep_and_burn(Loop& loop, const bool& over, int& rounds) {
  for (int i = 0; i < kBusyRounds && !over; ++i, ++rounds) {
    Error e = co_await sleep(loop, Millis(1));
    EXPECT_FALSE(e);
    burn(Millis(2));
  }
}

// Each wait is over before the others have done their work.
NET_TEST(Sleep, OfBusyTasksDelaysNoInput) {
  const Ends ends = pipe_ends();
  send(ends.far, "x");
  bool over = false;
  int rounds = 0;
  WaitGroup group;
  for (int i = 0; i < 5; ++i) group.go(sleep_and_burn(loop, over, rounds));
  Error e = co_await sleep(loop, Millis(5));
  EXPECT_FALSE(e);
  Watch watch(loop, ends.near.get());
  e = co_await watch.readable();
  EXPECT_FALSE(e);
  EXPECT_LT(rounds, kBusyRounds);
  over = true;
  co_await group.wait();
}

Task<> sleep_and_count(Loop& loop, Millis time, int& count, int& early) {
  const Stopwatch watch;
  Error e = co_await sleep(loop, time);
  if (!e) ++count;
  if (watch.elapsed() < time) ++early;
}

NET_TEST(Sleep, TenThousandAtOnce) {
  int count = 0, early = 0;
  WaitGroup group;
  for (int i = 0; i < 10'000; ++i)
    group.go(sleep_and_count(loop, Millis(i * 37 % 101), count, early));
  co_await group.wait();
  EXPECT_EQ(count, 10'000);
  EXPECT_EQ(early, 0);
}

// ---- Timer ----

NET_TEST(Timer, EndsWithItsTime) {
  Timer timer(loop);
  const Stopwatch watch;
  Error e = co_await timer.wait(Millis(10));
  EXPECT_FALSE(e);
  EXPECT_GE(watch.elapsed(), Millis(10));
  e = co_await timer.wait(Millis::zero());
  EXPECT_FALSE(e);
}

Task<> wait_on(Timer& timer, Millis time, Error& result) {
  Error e = co_await timer.wait(time);
  result = e;
}

NET_TEST(Timer, WakeEndsTheWaitUnderWay) {
  Timer timer(loop);
  for (const Millis time : {kPatience, kForever}) {
    Error result(1);
    WaitGroup group;
    group.go(wait_on(timer, time, result));
    timer.wake();
    EXPECT_EQ(result, Error(1)) << "resumed inside wake()";
    co_await group.wait();
    EXPECT_EQ(result, Error(UV_EINTR));
  }
}

NET_TEST(Timer, WakeBeforeAWaitEndsTheNextOne) {
  Timer timer(loop);
  timer.wake();
  timer.wake();  // which is one wake with the first
  Error e = co_await timer.wait(kForever);
  EXPECT_EQ(e, Error(UV_EINTR));
  e = co_await timer.wait(Millis(1));
  EXPECT_FALSE(e);
}

NET_TEST(Timer, WakeDuringTheResumptionEndsTheNextWait) {
  Timer timer(loop);
  Error result(1);
  WaitGroup group;
  group.go(wait_on(timer, kPatience, result));
  timer.wake();
  timer.wake();
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_EINTR));
  Error e = co_await timer.wait(kPatience);
  EXPECT_EQ(e, Error(UV_EINTR));
}

NET_TEST(Timer, WokenWaitLeavesNoEndBehind) {
  Timer timer(loop);
  Error result;
  WaitGroup group;
  group.go(wait_on(timer, Millis(20), result));
  timer.wake();
  co_await group.wait();
  const Stopwatch watch;
  Error e = co_await timer.wait(Millis(40));
  EXPECT_FALSE(e);
  EXPECT_GE(watch.elapsed(), Millis(40));
}

// ---- cancel_all ----

Task<> sleep_until_canceled(Loop& loop, int& canceled) {
  Error e = co_await sleep(loop, kPatience);
  if (e == Error(UV_ECANCELED)) ++canceled;
}

NET_TEST(CancelAll, EndsSleepsNowAndLater) {
  int canceled = 0;
  WaitGroup group;
  for (int i = 0; i < 3; ++i) group.go(sleep_until_canceled(loop, canceled));
  EXPECT_FALSE(loop.canceled());
  loop.cancel_all();
  EXPECT_TRUE(loop.canceled());
  EXPECT_EQ(canceled, 0) << "resumed inside cancel_all()";
  co_await group.wait();
  EXPECT_EQ(canceled, 3);
  Error e = co_await sleep(loop, kPatience);
  EXPECT_EQ(e, Error(UV_ECANCELED));
  e = co_await sleep(loop, Millis::zero());
  EXPECT_EQ(e, Error(UV_ECANCELED));
}

NET_TEST(CancelAll, EndsTimersNowAndLater) {
  Timer timer(loop);
  Error result;
  WaitGroup group;
  group.go(wait_on(timer, kPatience, result));
  loop.cancel_all();
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECANCELED));
  Error e = co_await timer.wait(kForever);
  EXPECT_EQ(e, Error(UV_ECANCELED));
}

NET_TEST(CancelAll, EndsTimersThatWaitForEver) {
  Timer timer(loop);
  Error result;
  WaitGroup group;
  group.go(wait_on(timer, kForever, result));
  loop.cancel_all();
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECANCELED));
}

// ---- Deadline ----

NET_TEST(Deadline, IsWhatIsLeftOfATotal) {
  EXPECT_EQ(Deadline(kForever).left(), kForever);
  EXPECT_EQ(Deadline(Millis::zero()).left(), Millis::zero());
  const Deadline deadline(kPatience);
  EXPECT_LE(deadline.left(), kPatience);
  EXPECT_GT(deadline.left(), kPatience / 2);
  const Deadline soon(Millis(5));
  Error e = co_await sleep(loop, soon.left());
  EXPECT_FALSE(e);
  EXPECT_EQ(soon.left(), Millis::zero());
}

}  // namespace
}  // namespace net
