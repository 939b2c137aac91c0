// The ends of a stream: closing, discarding, draining, cancelling.
#include <poll.h>

#include "stream_test.h"

namespace net {
namespace {

STREAM_TESTS(StreamClose);

bool at_end(const Fd& peer) {
  pollfd one{.fd = peer.get(), .events = POLLRDHUP, .revents = 0};
  return poll(&one, 1, 0) == 1;
}

STREAM_TEST(StreamClose, EndsEveryOperationNowAndLater) {
  narrow(stream.fd());
  narrow(peer.get());
  const std::string data = pattern(4'000'000);
  Outcome write, end, read;
  WaitGroup group;
  group.go(write_from(stream, data, write));
  group.go(shut_down(stream, end));
  group.go(read_into(stream, kPatience, read));
  co_await next_round(loop);
  EXPECT_FALSE(stream.closed());
  stream.close();
  EXPECT_TRUE(stream.closed());
  EXPECT_FALSE(read.ended || write.ended) << "resumed inside close()";
  EXPECT_EQ(stream.fd(), -1);
  co_await group.wait();
  for (const Outcome& outcome : {write, end, read}) EXPECT_EQ(outcome.error, Error(UV_ECANCELED));
  const auto more = co_await stream.read();
  EXPECT_EQ(more.error(), Error(UV_ECANCELED));
  Error e = co_await stream.write("x");
  EXPECT_EQ(e, Error(UV_ECANCELED));
  e = co_await stream.shutdown();
  EXPECT_EQ(e, Error(UV_ECANCELED));
  EXPECT_EQ(stream.try_write("x").error(), Error(UV_ECANCELED));
  stream.discard_input();
  stream.close();
}

STREAM_TEST(StreamClose, DestructionIsAClose) {
  {
    const Stream moved(std::move(stream));
    EXPECT_FALSE(moved.closed());
    EXPECT_FALSE(at_end(peer));
  }
  EXPECT_EQ(receive_all(peer), "");
  co_return;
}

STREAM_TEST(StreamClose, CancelAllEndsEverything) {
  narrow(stream.fd());
  narrow(peer.get());
  const std::string data = pattern(4'000'000);
  Stream idle(loop, std::move(connected(Kind::kTcp).near));
  Outcome write, read;
  WaitGroup group;
  group.go(write_from(stream, data, write));
  group.go(read_into(stream, kForever, read));
  loop.cancel_all();
  EXPECT_FALSE(read.ended);
  co_await group.wait();
  EXPECT_EQ(write.error, Error(UV_ECANCELED));
  EXPECT_EQ(read.error, Error(UV_ECANCELED));
  EXPECT_TRUE(stream.closed());
  EXPECT_TRUE(idle.closed());
  Error e = co_await idle.write("x");
  EXPECT_EQ(e, Error(UV_ECANCELED));
}

// ---- input that nobody wants ----

struct Hook final : CloseHook {
  explicit Hook(Loop& loop) : timer(loop) {}
  void stream_closed(Error why) override {
    ++calls;
    reason = why;
    timer.wake();
  }
  Timer timer;
  int calls = 0;
  Error reason;
};

STREAM_TEST(StreamClose, DiscardedInputIsReadAndThrownAway) {
  stream.discard_input();
  Stream other(loop, std::move(peer));
  const std::string data = pattern(4'000'000);
  Error e = co_await other.write(data);  // which no socket buffer holds
  EXPECT_FALSE(e);
  e = co_await stream.write("still here");
  EXPECT_FALSE(e);
  const auto answer = co_await other.read(kPatience);
  REQUIRE(answer);
  EXPECT_EQ(*answer, "still here");
}

STREAM_TEST(StreamClose, DiscardingStreamOutlivesTheHalfClose) {
  Hook hook(loop);
  stream.hook(hook);
  stream.discard_input();
  send(peer, "x");
  half_close(peer);
  Error e = co_await hook.timer.wait(Millis(20));
  EXPECT_FALSE(e);
  EXPECT_FALSE(stream.closed());
  e = co_await stream.write("to the very end");
  EXPECT_FALSE(e);
  EXPECT_EQ(receive(peer, 15), "to the very end");
  stream.close();
  e = co_await hook.timer.wait(kPatience);
  EXPECT_EQ(e, Error(UV_EINTR));
  EXPECT_EQ(hook.calls, 1);
  EXPECT_EQ(hook.reason, Error(UV_ECANCELED));
}

STREAM_TEST(StreamClose, HookIsToldOfAPeerThatLeavesAfterItsHalfClose) {
  Hook hook(loop);
  stream.hook(hook);
  stream.discard_input();
  half_close(peer);
  Error e = co_await hook.timer.wait(Millis(20));
  EXPECT_FALSE(e);
  reset(peer);
  e = co_await hook.timer.wait(kPatience);
  EXPECT_EQ(e, Error(UV_EINTR));
  EXPECT_EQ(hook.reason, Error(UV_ECONNRESET));
  EXPECT_TRUE(stream.closed());
  e = co_await stream.write("x");
  EXPECT_EQ(e, Error(UV_ECONNRESET));
}

TCP_TEST(StreamClose, HookIsToldOfAReset) {
  Hook hook(loop);
  stream.hook(hook);
  stream.discard_input();
  send(peer, "x");
  reset(peer);
  Error e = co_await hook.timer.wait(kPatience);
  EXPECT_EQ(e, Error(UV_EINTR));
  EXPECT_EQ(hook.reason, Error(UV_ECONNRESET));
  EXPECT_TRUE(stream.closed());
  e = co_await stream.write("x");
  EXPECT_EQ(e, Error(UV_ECONNRESET));
}

STREAM_TEST(StreamClose, HookThatWasTakenBackIsNotTold) {
  Hook hook(loop);
  stream.hook(hook);
  hook.unlink();
  hook.unlink();
  stream.close();
  Error e = co_await hook.timer.wait(Millis(10));
  EXPECT_FALSE(e);
  EXPECT_EQ(hook.calls, 0);
}

STREAM_TEST(StreamClose, SilenceClosesADiscardingStream) {
  Hook hook(loop);
  stream.hook(hook);
  stream.discard_input(Millis(400));
  for (int i = 0; i < 6; ++i) {  // 600 ms in all, and never 400 without a word
    send(peer, "not yet");
    Error e = co_await hook.timer.wait(Millis(100));
    EXPECT_FALSE(e);
  }
  Error e = co_await hook.timer.wait(kPatience);
  EXPECT_EQ(e, Error(UV_EINTR));
  EXPECT_EQ(hook.reason, Error(UV_ETIMEDOUT));
  e = co_await stream.write("x");
  EXPECT_EQ(e, Error(UV_ETIMEDOUT));
}

// Its owner goes when the first hook is told.
struct LastHook final : CloseHook {
  explicit LastHook(CloseHook& that) : other(that) {}
  void stream_closed(Error) override {
    ++calls;
    other.unlink();
  }
  CloseHook& other;
  int calls = 0;
};

STREAM_TEST(StreamClose, HookMayTakeAnotherBackWhenItIsTold) {
  Hook before(loop), after(loop), always(loop);
  for (const bool first : {true, false}) {
    Stream conn(loop, connected(Kind::kUnix).near);
    LastHook last(before);
    conn.hook(first ? static_cast<CloseHook&>(before) : last);
    conn.hook(always);
    conn.hook(first ? static_cast<CloseHook&>(last) : before);
    conn.close();
    Error e = co_await always.timer.wait(kPatience);
    EXPECT_EQ(e, Error(UV_EINTR));
    EXPECT_EQ(last.calls, 1);
  }
  EXPECT_EQ(always.calls, 2);
  EXPECT_LE(before.calls, 1);
}

// ---- sleeping beside a stream ----

STREAM_TEST(StreamClose, SleepHasItsTime) {
  const Stopwatch watch;
  Error e = co_await stream.sleep(Millis(20));
  EXPECT_FALSE(e);
  EXPECT_GE(watch.elapsed(), Millis(20));
  e = co_await stream.sleep(Millis::zero());
  EXPECT_FALSE(e);
}

Task<> sleep_on(Stream& stream, Error& result) {
  Error e = co_await stream.sleep(kPatience);
  result = e;
}

STREAM_TEST(StreamClose, EndsEverySleepNowAndLater) {
  Error first(1), second(1);
  WaitGroup group;
  group.go(sleep_on(stream, first));
  group.go(sleep_on(stream, second));
  stream.close();
  EXPECT_EQ(first, Error(1)) << "resumed inside close()";
  co_await group.wait();
  EXPECT_EQ(first, Error(UV_ECANCELED));
  EXPECT_EQ(second, Error(UV_ECANCELED));
  Error e = co_await stream.sleep(kPatience);
  EXPECT_EQ(e, Error(UV_ECANCELED));
}

STREAM_TEST(StreamClose, SleepEndsWithCancelAll) {
  Error result;
  WaitGroup group;
  group.go(sleep_on(stream, result));
  loop.cancel_all();
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECANCELED));
}

STREAM_TEST(StreamClose, SleepEndsWithAPeerThatLeavesAfterItsHalfClose) {
  half_close(peer);
  const auto data = co_await stream.read();
  REQUIRE(data);
  EXPECT_EQ(*data, "");
  Error result;
  WaitGroup group;
  group.go(sleep_on(stream, result));
  reset(peer);
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECONNRESET));
  EXPECT_TRUE(stream.closed());
}

// ---- the end of the input, for a drain ----

STREAM_TEST(StreamClose, EndOfInputLetsAWaitingReaderGo) {
  Outcome read;
  WaitGroup group;
  group.go(read_into(stream, kForever, read));
  co_await next_round(loop);
  loop.end_input();
  EXPECT_TRUE(loop.input_ended());
  co_await group.wait();
  EXPECT_FALSE(read.error);
  EXPECT_EQ(read.data, "");
  EXPECT_FALSE(stream.closed());
  Error e = co_await stream.write("goodbye");
  EXPECT_FALSE(e);
  EXPECT_EQ(receive(peer, 7), "goodbye");
}

STREAM_TEST(StreamClose, EndOfInputComesAfterWhatHasArrived) {
  send(peer, "in time");
  loop.end_input();
  std::array<char, 5> buffer{};
  Result<std::size_t> n = co_await stream.read(buffer);
  REQUIRE(n);
  EXPECT_EQ(std::string(buffer.data(), *n), "in ti");
  const auto rest = co_await stream.read();
  REQUIRE(rest);
  EXPECT_EQ(*rest, "me");
  const auto end = co_await stream.read();
  REQUIRE(end);
  EXPECT_EQ(*end, "");
  EXPECT_EQ(loop.traffic().in, 7U);
}

STREAM_TEST(StreamClose, EndOfInputGivesAWaitingReaderWhatHasArrived) {
  Outcome read;
  WaitGroup group;
  group.go(read_into(stream, kForever, read));
  co_await next_round(loop);
  send(peer, "in time");
  loop.end_input();
  co_await group.wait();
  EXPECT_EQ(read.data, "in time");
}

// ---- linger ----

Task<> linger_on(Stream& stream, Millis limit, bool& done) {
  co_await linger(stream, limit);
  done = true;
}

STREAM_TEST(StreamClose, LingerReadsOnUntilThePeerHasEnded) {
  Error e = co_await stream.write("answer");
  EXPECT_FALSE(e);
  loop.end_input();  // which is no end for it
  bool done = false;
  WaitGroup group;
  group.go(linger_on(stream, kPatience, done));
  while (!at_end(peer)) co_await next_round(loop);
  EXPECT_EQ(receive_all(peer), "answer");
  send(peer, pattern(100'000));
  for (int i = 0; i < 10; ++i) co_await next_round(loop);
  EXPECT_FALSE(done);
  half_close(peer);
  co_await group.wait();
  EXPECT_TRUE(done);
}

STREAM_TEST(StreamClose, LingerAfterDiscardedInputSeesTheEndToo) {
  stream.discard_input();
  send(peer, "x");
  co_await next_round(loop);
  bool done = false;
  WaitGroup group;
  group.go(linger_on(stream, kPatience, done));
  for (int i = 0; i < 10; ++i) co_await next_round(loop);
  EXPECT_FALSE(done);
  half_close(peer);
  co_await group.wait();
  EXPECT_TRUE(done);
  EXPECT_FALSE(stream.closed()) << "the end of file is no reset";
}

STREAM_TEST(StreamClose, UnreadInputIsSeen) {
  EXPECT_FALSE(stream.has_unread());
  send(peer, "x");
  EXPECT_TRUE(stream.has_unread());
  const auto data = co_await stream.read();
  EXPECT_TRUE(data);
  EXPECT_FALSE(stream.has_unread());
  half_close(peer);
  EXPECT_FALSE(stream.has_unread());
  stream.close();
  EXPECT_FALSE(stream.has_unread());
}

STREAM_TEST(StreamClose, LingerHasALimit) {
  const Stopwatch watch;
  bool done = false;
  WaitGroup group;
  group.go(linger_on(stream, Millis(30), done));
  send(peer, "chatter");
  co_await group.wait();
  EXPECT_TRUE(done);
  EXPECT_GE(watch.elapsed(), Millis(30));
}

}  // namespace
}  // namespace net
