// Watch: readiness, hang-ups and their absence.
#include "common/net/watch.h"

#include <fcntl.h>
#include <ctime>

#include <memory>
#include <vector>

#include "net_test.h"

namespace net {
namespace {

// What a wait that was begun beside the test has come to; 1: it has not ended.
constexpr Error kWaiting(1);

Task<> wait_readable(Watch& watch, Error& result) {
  Error e = co_await watch.readable();
  result = e;
}
Task<> wait_writable(Watch& watch, Error& result) {
  Error e = co_await watch.writable();
  result = e;
}
Task<> wait_hangup(Watch& watch, Error& result) {
  Error e = co_await watch.hangup();
  result = e;
}

Task<> some_rounds(Loop& loop) {
  for (int i = 0; i < 5; ++i) co_await next_round(loop);
}

void fill(const Fd& fd) {
  const std::string data(64 * 1024, 'x');
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  while (::write(fd.get(), data.data(), data.size()) > 0) continue;
}

// ---- readable and writable ----

Task<> expect_readable_when_sent(Loop& loop, Ends& ends) {
  Watch watch(loop, ends.near.get());
  EXPECT_TRUE(watch.pollable());
  for (int i = 0; i < 3; ++i) {
    Error result = kWaiting;
    WaitGroup group;
    group.go(wait_readable(watch, result));
    co_await some_rounds(loop);
    EXPECT_EQ(result, kWaiting);
    send(ends.far, "x");
    co_await group.wait();
    EXPECT_FALSE(result);
    EXPECT_EQ(receive(ends.near, 1), "x");
  }
  ends.far.reset();
  Error e = co_await watch.readable();  // the end of file
  EXPECT_FALSE(e);
}

NET_TEST(Watch, PipeIsReadableWhenSomethingIsInIt) {
  Ends ends = pipe_ends();
  co_await expect_readable_when_sent(loop, ends);
}
NET_TEST(Watch, TcpIsReadableWhenSomethingIsInIt) {
  Ends ends = connected(Kind::kTcp);
  co_await expect_readable_when_sent(loop, ends);
}
NET_TEST(Watch, UnixIsReadableWhenSomethingIsInIt) {
  Ends ends = connected(Kind::kUnix);
  co_await expect_readable_when_sent(loop, ends);
}

Task<> expect_writable_when_drained(Loop& loop, Ends& ends) {
  Watch watch(loop, ends.far.get());
  Error e = co_await watch.writable();
  EXPECT_FALSE(e);
  fill(ends.far);
  Error result = kWaiting;
  WaitGroup group;
  group.go(wait_writable(watch, result));
  co_await some_rounds(loop);
  EXPECT_EQ(result, kWaiting);
  fcntl(ends.near.get(), F_SETFL, O_NONBLOCK);
  std::string buffer(64 * 1024, '\0');
  while (::read(ends.near.get(), buffer.data(), buffer.size()) > 0) continue;
  co_await group.wait();
  EXPECT_FALSE(result);
}

NET_TEST(Watch, PipeIsWritableWhenItIsDrained) {
  Ends ends = pipe_ends();
  co_await expect_writable_when_drained(loop, ends);
}
NET_TEST(Watch, UnixIsWritableWhenItIsDrained) {
  Ends ends = connected(Kind::kUnix);
  co_await expect_writable_when_drained(loop, ends);
}

NET_TEST(Watch, EachKindOfWaitHasItsOwnEnd) {
  Ends ends = connected(Kind::kUnix);
  Watch watch(loop, ends.near.get());
  fill(ends.near);
  Error readable = kWaiting, writable = kWaiting, hangup = kWaiting;
  WaitGroup group;
  group.go(wait_readable(watch, readable));
  group.go(wait_writable(watch, writable));
  group.go(wait_hangup(watch, hangup));
  send(ends.far, "x");
  co_await group.wait(2);
  EXPECT_FALSE(readable);
  EXPECT_EQ(writable, kWaiting);
  EXPECT_EQ(hangup, kWaiting);
  ends.far.reset();
  co_await group.wait();
  EXPECT_FALSE(writable);
  EXPECT_FALSE(hangup);
}

// ---- hang-ups ----

NET_TEST(Watch, PipeHangsUpWhenItsReaderLeaves) {
  Ends ends = pipe_ends();
  Watch watch(loop, ends.far.get());
  Error result = kWaiting;
  WaitGroup group;
  group.go(wait_hangup(watch, result));
  send(ends.far, "x");
  co_await some_rounds(loop);
  EXPECT_EQ(result, kWaiting);
  ends.near.reset();
  co_await group.wait();
  EXPECT_FALSE(result);
  Error e = co_await watch.hangup();
  EXPECT_FALSE(e) << "it stays hung up";
  e = co_await watch.writable();
  EXPECT_FALSE(e);
}

Task<> expect_hangup_only_at_both_ends(Loop& loop, Ends& ends, bool by_reset) {
  Watch watch(loop, ends.near.get());
  Error result = kWaiting;
  WaitGroup group;
  group.go(wait_hangup(watch, result));
  send(ends.far, "x");
  half_close(ends.far);
  co_await some_rounds(loop);
  EXPECT_EQ(result, kWaiting) << "a half-close is none";
  if (by_reset)
    reset(ends.far);
  else
    half_close(ends.near);
  co_await group.wait();
  EXPECT_FALSE(result);
}

NET_TEST(Watch, TcpHangsUpWhenItIsReset) {
  Ends ends = connected(Kind::kTcp);
  co_await expect_hangup_only_at_both_ends(loop, ends, true);
}
NET_TEST(Watch, TcpHangsUpWhenBothSidesHaveEnded) {
  Ends ends = connected(Kind::kTcp);
  co_await expect_hangup_only_at_both_ends(loop, ends, false);
}
NET_TEST(Watch, UnixHangsUpWhenThePeerCloses) {
  Ends ends = connected(Kind::kUnix);
  co_await expect_hangup_only_at_both_ends(loop, ends, true);
}

NET_TEST(Watch, WhatNobodyWaitsForDoesNotKeepTheLoopBusy) {
  Ends in = pipe_ends(), out = pipe_ends();
  Watch readable(loop, in.near.get()), writable(loop, out.far.get());
  send(in.far, "x");
  Error e = co_await readable.readable();
  EXPECT_FALSE(e);
  e = co_await writable.writable();
  EXPECT_FALSE(e);
  out.near.reset();  // and now it has hung up
  const auto cpu = std::clock();
  e = co_await sleep(loop, Millis(300));
  EXPECT_FALSE(e);
  EXPECT_LT(std::clock() - cpu, CLOCKS_PER_SEC / 5) << "woken again and again";
  e = co_await writable.hangup();
  EXPECT_FALSE(e) << "it is seen by the next wait";
  e = co_await readable.readable();
  EXPECT_FALSE(e);
}

// ---- what cannot be polled ----

Task<> expect_always_ready(Loop& loop, const char* path) {
  const Fd fd(open(path, O_RDWR | O_CLOEXEC));
  REQUIRE(fd);
  Watch watch(loop, fd.get());
  EXPECT_FALSE(watch.pollable()) << path;
  Error e = co_await watch.readable();
  EXPECT_FALSE(e);
  e = co_await watch.writable();
  EXPECT_FALSE(e);
  Error result = kWaiting;
  WaitGroup group;
  group.go(wait_hangup(watch, result));
  co_await some_rounds(loop);
  EXPECT_EQ(result, kWaiting);
  watch.cancel();
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECANCELED));
  e = co_await watch.readable();
  EXPECT_EQ(e, Error(UV_ECANCELED));
}

NET_TEST(Watch, RegularFileIsAlwaysReadyAndNeverHangsUp) {
  const TempDir dir;
  const std::string path = dir.file("data");
  const Fd created(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  co_await expect_always_ready(loop, path.c_str());
}
NET_TEST(Watch, DevNullIsAlwaysReadyAndNeverHangsUp) {
  co_await expect_always_ready(loop, "/dev/null");
}

// ---- what the kernel does not watch ----

Task<> expect_error(Watch& watch, Error error) {
  EXPECT_TRUE(watch.pollable()) << "it is no regular file";
  EXPECT_EQ(watch.error(), error);
  Error e = co_await watch.readable();
  EXPECT_EQ(e, error);
  e = co_await watch.writable();
  EXPECT_EQ(e, error);
  e = co_await watch.hangup();
  EXPECT_EQ(e, error);
}

NET_TEST(Watch, SameDescriptorTwiceIsAnError) {
  const Ends ends = pipe_ends();
  Watch first(loop, ends.near.get());
  Watch second(loop, ends.near.get());
  EXPECT_FALSE(first.error());
  co_await expect_error(second, UV_EEXIST);
}

NET_TEST(Watch, DescriptorThatIsNotOpenIsAnError) {
  Watch watch(loop, 9999);
  co_await expect_error(watch, UV_EBADF);
}

// ---- cancelling ----

NET_TEST(Watch, CancelEndsEveryWaitNowAndLater) {
  Ends ends = connected(Kind::kUnix);
  fill(ends.near);
  Watch watch(loop, ends.near.get());
  Error readable = kWaiting, writable = kWaiting, hangup = kWaiting;
  WaitGroup group;
  group.go(wait_readable(watch, readable));
  group.go(wait_writable(watch, writable));
  group.go(wait_hangup(watch, hangup));
  watch.cancel();
  EXPECT_EQ(readable, kWaiting) << "resumed inside cancel()";
  ends.near.reset();  // which is allowed from then on
  co_await group.wait();
  for (const Error result : {readable, writable, hangup}) EXPECT_EQ(result, Error(UV_ECANCELED));
  Error e = co_await watch.readable();
  EXPECT_EQ(e, Error(UV_ECANCELED));
  e = co_await watch.hangup();
  EXPECT_EQ(e, Error(UV_ECANCELED));
  watch.cancel();
}

NET_TEST(Watch, CancelAllEndsEveryWaitOfTheLoop) {
  Ends pipe = pipe_ends(), socket = connected(Kind::kTcp);
  Watch one(loop, pipe.near.get()), two(loop, socket.near.get());
  Error first = kWaiting, second = kWaiting;
  WaitGroup group;
  group.go(wait_readable(one, first));
  group.go(wait_hangup(two, second));
  loop.cancel_all();
  co_await group.wait();
  EXPECT_EQ(first, Error(UV_ECANCELED));
  EXPECT_EQ(second, Error(UV_ECANCELED));
  Watch late(loop, pipe.far.get());
  Error e = co_await late.writable();
  EXPECT_EQ(e, Error(UV_ECANCELED));
}

// ---- many of them ----

Task<> count_readable(Loop& loop, const Fd& fd, int times, int& count) {
  Watch watch(loop, fd.get());
  for (int i = 0; i < times; ++i) {
    Error e = co_await watch.readable();
    EXPECT_FALSE(e);
    EXPECT_EQ(receive(fd, 1), "x");
    ++count;
  }
}

NET_TEST(Watch, ManyGetTheirEvents) {
  constexpr int kPipes = 200, kTimes = 3;  // more than the loop fetches at once
  std::vector<Ends> pipes;
  WaitGroup group;
  int count = 0;
  for (int i = 0; i < kPipes; ++i) pipes.push_back(pipe_ends());
  for (const Ends& pipe : pipes) group.go(count_readable(loop, pipe.near, kTimes, count));
  for (int i = 0; i < kTimes; ++i)
    for (const Ends& pipe : pipes) send(pipe.far, "x");
  co_await group.wait();
  EXPECT_EQ(count, kPipes * kTimes);
}

// Both are armed and both become ready; who comes first destroys the other, whose event has been
// fetched already.
Task<> destroy_other_when_readable(std::unique_ptr<Watch>& self, std::unique_ptr<Watch>& other) {
  Error e = co_await self->readable();
  EXPECT_FALSE(e);
  other.reset();
}

Task<> expect_no_event_after_destruction(Loop& loop, bool self_first) {
  Ends mine = pipe_ends(), others = pipe_ends();
  auto self = std::make_unique<Watch>(loop, mine.near.get());
  auto other = std::make_unique<Watch>(loop, others.near.get());
  send(others.far, "x");
  Error e = co_await other->readable();  // which leaves it armed
  EXPECT_FALSE(e);
  EXPECT_EQ(receive(others.near, 1), "x");
  WaitGroup group;
  group.go(destroy_other_when_readable(self, other));
  send(self_first ? mine.far : others.far, "x");
  send(self_first ? others.far : mine.far, "x");
  co_await group.wait();
  EXPECT_FALSE(other);
  co_await some_rounds(loop);
}

NET_TEST(Watch, DestroyedWhileItsEventWaitsBehindAnothers) {
  co_await expect_no_event_after_destruction(loop, true);
}
NET_TEST(Watch, DestroyedAfterItsEventWasDispatched) {
  co_await expect_no_event_after_destruction(loop, false);
}

Task<> cancel_when_readable(Watch& self, Watch& other) {
  Error e = co_await self.readable();
  EXPECT_FALSE(e);
  other.cancel();
}

NET_TEST(Watch, CanceledWhileItsEventWaitsBehindAnothers) {
  Ends mine = pipe_ends(), others = pipe_ends();
  Watch self(loop, mine.near.get()), other(loop, others.near.get());
  Error result = kWaiting;
  WaitGroup group;
  group.go(wait_readable(other, result));
  group.go(cancel_when_readable(self, other));
  send(mine.far, "x");
  send(others.far, "x");
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECANCELED));
}

}  // namespace
}  // namespace net
