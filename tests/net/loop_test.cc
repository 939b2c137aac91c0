// Loop: its own duties, other threads, signals.
#include "common/net/loop.h"

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "net_test.h"

namespace net {
namespace {

Task<int> exit_status(int status) { co_return status; }

TEST(Loop, ReturnsWhatMainReturns) {
  Loop loop;
  EXPECT_EQ(loop.run(exit_status(0)), 0);
  EXPECT_EQ(loop.run(exit_status(9)), 9);
}

TEST(Loop, WithoutAnyTaskCloses) { const Loop loop; }

NET_TEST(Loop, LivesThroughABrokenPipe) {
  Ends ends = pipe_ends();
  ends.near.reset();
  EXPECT_EQ(::write(ends.far.get(), "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  co_return;
}

NET_TEST(Loop, ScratchIsOneMemoryForAll) {
  const auto scratch = loop.scratch();
  EXPECT_EQ(scratch.size(), Loop::kScratchBytes);
  EXPECT_EQ(loop.scratch().data(), scratch.data());
  co_return;
}

Task<> note_after_a_round(Loop& loop, int number, std::vector<int>& order) {
  co_await next_round(loop);
  order.push_back(number);
  co_await next_round(loop);
  order.push_back(number + 100);
}

NET_TEST(Loop, ResumesLaterInTheOrderOfTheCalls) {
  std::vector<int> order;
  WaitGroup group;
  for (int i = 0; i < 3; ++i) group.go(note_after_a_round(loop, i, order));
  EXPECT_TRUE(order.empty()) << "resumed inside the caller";
  co_await group.wait();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 100, 101, 102}));
}

// ---- other threads ----

NET_TEST(Loop, PostedCallsRunOnTheLoopsThreadInTheirOrder) {
  constexpr int kCalls = 1000;
  const auto loops_thread = std::this_thread::get_id();
  std::vector<int> order;
  int elsewhere = 0;
  Timer done(loop);
  std::thread other([&] {
    for (int i = 0; i < kCalls; ++i) {
      loop.post([&, i] {
        if (std::this_thread::get_id() != loops_thread) ++elsewhere;
        order.push_back(i);
        if (i == kCalls - 1) done.wake();
      });
    }
  });
  Error e = co_await done.wait(kPatience);
  other.join();
  EXPECT_EQ(e, Error(UV_EINTR));
  EXPECT_EQ(elsewhere, 0);
  REQUIRE(order.size() == kCalls);
  for (int i = 0; i < kCalls; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

NET_TEST(Loop, ManyThreadsPostAtOnce) {
  constexpr int kThreads = 8, kCalls = 200;
  int count = 0;
  Timer done(loop);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i)
        loop.post([&] {
          if (++count == kThreads * kCalls) done.wake();
        });
    });
  }
  Error e = co_await done.wait(kPatience);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(e, Error(UV_EINTR));
  EXPECT_EQ(count, kThreads * kCalls);
}

// Nothing but the hold keeps the loop: no timer, no descriptor.
NET_TEST(Loop, IsHeldForWhatAThreadWillPost) {
  struct Posted {
    Loop& loop;
    std::thread other{};
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> task) {
      loop.hold();
      other = std::thread([this, task] {
        std::this_thread::sleep_for(Millis(50));  // so that the loop finds nothing else to do
        loop.post([task] { task.resume(); });
      });
    }
    void await_resume() {
      other.join();
      loop.release();
    }
  } posted{loop};
  co_await posted;
}

NET_TEST(Loop, TrafficIsReadByAnotherThread) {
  std::atomic<bool> stop{false};
  std::uint64_t last = 0;
  bool fell = false;
  std::thread other([&] {
    while (!stop) {
      const std::uint64_t now = loop.traffic().in.load(std::memory_order_relaxed);
      fell = fell || now < last;
      last = now;
    }
  });
  for (int i = 0; i < 1000; ++i) Traffic::add(loop.traffic().in, 3);
  stop = true;
  other.join();
  EXPECT_FALSE(fell);
  EXPECT_LE(last, 3000U);
  EXPECT_EQ(loop.traffic().in, 3000U);
  co_return;
}

NET_TEST(Loop, PostFromTheLoopsOwnThreadRunsLater) {
  Timer done(loop);
  bool ran = false;
  loop.post([&] {
    ran = true;
    done.wake();
  });
  EXPECT_FALSE(ran);
  Error e = co_await done.wait(kPatience);
  EXPECT_EQ(e, Error(UV_EINTR));
  EXPECT_TRUE(ran);
}

Task<int> post_much(Loop& loop, std::atomic<int>& calls) {
  for (int i = 0; i < 100; ++i) loop.post([&calls] { ++calls; });
  co_return 0;
}

// What a loop no longer runs is dropped with it.
TEST(Loop, CallsPostedAtTheEndDoNoHarm) {
  std::atomic<int> calls{0};
  {
    Loop loop;
    EXPECT_EQ(loop.run(post_much(loop, calls)), 0);
  }
  EXPECT_LE(calls, 100);
}

// ---- signals ----

bool is_default(int number) {
  struct sigaction action = {};
  sigaction(number, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

Task<> raise_later(Loop& loop, int number) {
  co_await next_round(loop);
  EXPECT_EQ(std::raise(number), 0);
}

NET_TEST(Signal, IsWaitedFor) {
  Signal signal(loop, SIGUSR1);
  for (int i = 0; i < 3; ++i) {
    WaitGroup group;
    group.go(raise_later(loop, SIGUSR1));
    Error e = co_await signal.wait();
    EXPECT_FALSE(e);
    co_await group.wait();
  }
}

NET_TEST(Signal, ThoseThatCameBeforeTheWaitCount) {
  Signal signal(loop, SIGUSR1);
  std::raise(SIGUSR1);
  std::raise(SIGUSR1);
  Error e = co_await signal.wait();
  EXPECT_FALSE(e);
  e = co_await signal.wait();
  EXPECT_FALSE(e);
  std::raise(SIGUSR1);
  e = co_await signal.wait();
  EXPECT_FALSE(e);
}

NET_TEST(Signal, EachSignalHasItsOwnWaiter) {
  Signal first(loop, SIGUSR1), second(loop, SIGUSR2);
  std::raise(SIGUSR2);
  Error e = co_await second.wait();
  EXPECT_FALSE(e);
  std::raise(SIGUSR1);
  e = co_await first.wait();
  EXPECT_FALSE(e);
}

Task<> wait_for(Signal& signal, Error& result) {
  Error e = co_await signal.wait();
  result = e;
}

NET_TEST(Signal, CloseEndsTheWaitAndBringsTheDefaultBack) {
  EXPECT_TRUE(is_default(SIGUSR2));
  Signal signal(loop, SIGUSR2);
  EXPECT_FALSE(is_default(SIGUSR2));
  Error result;
  WaitGroup group;
  group.go(wait_for(signal, result));
  signal.close();
  EXPECT_TRUE(is_default(SIGUSR2));
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECANCELED));
  Error e = co_await signal.wait();
  EXPECT_EQ(e, Error(UV_ECANCELED));
}

NET_TEST(Signal, IsNoLongerCaughtOnceItIsGone) {
  {
    const Signal signal(loop, SIGUSR2);
    EXPECT_FALSE(is_default(SIGUSR2));
  }
  EXPECT_TRUE(is_default(SIGUSR2));
  co_return;
}

NET_TEST(Signal, CancelAllEndsTheWait) {
  Signal signal(loop, SIGUSR1);
  Error result;
  WaitGroup group;
  group.go(wait_for(signal, result));
  loop.cancel_all();
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECANCELED));
}

}  // namespace
}  // namespace net
