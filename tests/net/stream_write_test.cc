// Writing to a stream: order, slow readers, time limits, half-close.
#include <vector>

#include "stream_test.h"

namespace net {
namespace {

STREAM_TESTS(StreamWrite);

STREAM_TEST(StreamWrite, GathersThreeParts) {
  Error e = co_await stream.write("a", "bc", "def");
  EXPECT_FALSE(e);
  e = co_await stream.write("g");
  EXPECT_FALSE(e);
  e = co_await stream.write("", "", "h");
  EXPECT_FALSE(e);
  e = co_await stream.write("", "i");
  EXPECT_FALSE(e);
  e = co_await stream.write("");
  EXPECT_FALSE(e);
  EXPECT_EQ(receive(peer, 9), "abcdefghi");
  EXPECT_EQ(loop.traffic().out, 9U);
}

Task<> write_and_note(Stream& stream, std::string_view data, int number, std::vector<int>& order) {
  Error e = co_await stream.write(data.substr(0, 10), data.substr(10, 1000), data.substr(1010));
  EXPECT_FALSE(e);
  order.push_back(number);
}

STREAM_TEST(StreamWrite, BigOnesReachASlowReaderInOrder) {
  constexpr int kWrites = 8;
  const std::string data = pattern(4'000'000);
  narrow(stream.fd());
  narrow(peer.get());
  Stream other(loop, std::move(peer));
  std::vector<int> order;
  std::string got;
  Error error;
  WaitGroup group;
  for (int i = 0; i < kWrites; ++i) {
    const std::string_view part =
        std::string_view(data).substr(500'000U * static_cast<unsigned>(i), 500'000);
    group.go(write_and_note(stream, part, i, order));
  }
  EXPECT_LT(order.size(), 8U) << "nothing had to wait";
  Outcome end;
  group.go(shut_down(stream, end));
  group.go(read_slowly(loop, other, got, error));
  co_await group.wait();
  EXPECT_FALSE(error);
  EXPECT_FALSE(end.error);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(got == data);
  EXPECT_EQ(loop.traffic().out, data.size());
}

STREAM_TEST(StreamWrite, TryWriteTakesWhatFitsAndNeverWaits) {
  narrow(stream.fd());
  narrow(peer.get());
  const std::string data = pattern(1'000'000);
  std::string sent;
  for (;;) {
    const auto n = stream.try_write(data);
    REQUIRE(n);
    if (*n == 0) break;
    sent += data.substr(0, *n);
  }
  EXPECT_GT(sent.size(), 0U);
  EXPECT_TRUE(receive(peer, sent.size()) == sent);
  const auto n = stream.try_write("again");
  REQUIRE(n);
  EXPECT_EQ(*n, 5U);
}

STREAM_TEST(StreamWrite, TryWriteDoesNotOvertake) {
  narrow(stream.fd());
  narrow(peer.get());
  const std::string data = pattern(4'000'000);
  Outcome write;
  WaitGroup group;
  group.go(write_from(stream, data, write));
  EXPECT_FALSE(write.ended);
  const auto n = stream.try_write("too early");
  REQUIRE(n);
  EXPECT_EQ(*n, 0U);
  Outcome end;
  group.go(shut_down(stream, end));
  std::string got;
  Error error;
  Stream other(loop, std::move(peer));
  group.go(read_slowly(loop, other, got, error));
  co_await group.wait();
  EXPECT_TRUE(got == data);
}

// ---- half-close ----

STREAM_TEST(StreamWrite, HalfCloseComesAfterAllThatWasWritten) {
  Error e = co_await stream.write("last words");
  EXPECT_FALSE(e);
  e = co_await stream.shutdown();
  EXPECT_FALSE(e);
  EXPECT_EQ(receive_all(peer), "last words");
  send(peer, "late answer");
  const auto data = co_await stream.read(kPatience);
  REQUIRE(data);
  EXPECT_EQ(*data, "late answer");
  EXPECT_FALSE(stream.closed());
}

STREAM_TEST(StreamWrite, NothingIsWrittenAfterAHalfClose) {
  Error e = co_await stream.shutdown();
  EXPECT_FALSE(e);
  e = co_await stream.write("too late");
  EXPECT_EQ(e, Error(UV_EPIPE));
  EXPECT_EQ(receive_all(peer), "");
}

// ---- time limits ----

STREAM_TEST(StreamWrite, WithoutProgressItTimesOutAndTheStreamCloses) {
  narrow(stream.fd());
  narrow(peer.get());
  stream.set_write_timeout(Millis(40));
  const std::string data = pattern(4'000'000);
  Outcome first, second, read, end;
  WaitGroup group;
  const Stopwatch watch;
  group.go(write_from(stream, data, first));
  group.go(write_from(stream, "more", second));
  group.go(shut_down(stream, end));
  group.go(read_into(stream, kForever, read));
  co_await group.wait();
  EXPECT_GE(watch.elapsed(), Millis(40));
  EXPECT_EQ(first.error, Error(UV_ETIMEDOUT));
  EXPECT_EQ(second.error, Error(UV_ETIMEDOUT));
  EXPECT_EQ(end.error, Error(UV_ETIMEDOUT));
  EXPECT_EQ(read.error, Error(UV_ETIMEDOUT));
  EXPECT_TRUE(stream.closed());
  Error e = co_await stream.write("more");
  EXPECT_EQ(e, Error(UV_ETIMEDOUT));
}

// A reader that takes something in every period, but far longer than one period for all of it.
Task<> read_with_breaks(Loop& loop, Stream& from, Millis pause, std::size_t bytes) {
  std::size_t got = 0;
  while (got < bytes) {
    const std::size_t until = got + bytes / 8;
    while (got < std::min(until, bytes)) {
      const auto more = co_await from.read(kPatience);
      if (!more || more->empty()) co_return;
      got += more->size();
    }
    Error e = co_await sleep(loop, pause);
    EXPECT_FALSE(e);
  }
}

STREAM_TEST(StreamWrite, WithProgressItHasAllTheTimeItNeeds) {
  narrow(stream.fd());
  narrow(peer.get());
  stream.set_write_timeout(Millis(400));
  const std::string data = pattern(4'000'000);
  Stream other(loop, std::move(peer));
  Outcome write;
  WaitGroup group;
  const Stopwatch watch;
  group.go(write_from(stream, data, write));
  group.go(read_with_breaks(loop, other, Millis(70), data.size()));
  co_await group.wait();
  EXPECT_TRUE(write.ended);
  EXPECT_FALSE(write.error);
  EXPECT_GE(watch.elapsed(), Millis(400)) << "too quick to prove anything";
}

STREAM_TEST(StreamWrite, TimeoutOfADoneWriteIsForgotten) {
  narrow(stream.fd());
  narrow(peer.get());
  stream.set_write_timeout(Millis(150));
  const std::string data = pattern(2'000'000);
  Stream other(loop, std::move(peer));
  Outcome write;
  WaitGroup group;
  group.go(write_from(stream, data, write));
  group.go(read_with_breaks(loop, other, Millis::zero(), data.size()));
  co_await group.wait();
  EXPECT_FALSE(write.error);
  Error e = co_await sleep(loop, Millis(200));
  EXPECT_FALSE(e);
  EXPECT_FALSE(stream.closed());
}

// ---- a peer that is gone ----

STREAM_TEST(StreamWrite, PeerThatIsGoneIsAnErrorNotASignal) {
  peer.reset();
  Error e;
  for (int i = 0; i < 1000 && !e; ++i) {
    e = co_await stream.write("anybody there?");
    co_await next_round(loop);
  }
  EXPECT_TRUE(e == Error(UV_EPIPE) || e == Error(UV_ECONNRESET)) << e.message();
}

TCP_TEST(StreamWrite, ResetEndsAWriteUnderWay) {
  narrow(stream.fd());
  narrow(peer.get());
  const std::string data = pattern(4'000'000);
  Outcome first, second;
  WaitGroup group;
  group.go(write_from(stream, data, first));
  group.go(write_from(stream, "more", second));
  EXPECT_FALSE(first.ended);
  reset(peer);
  co_await group.wait();
  EXPECT_TRUE(first.error == Error(UV_ECONNRESET) || first.error == Error(UV_EPIPE));
  EXPECT_TRUE(second.error) << "lost without a word";
}

}  // namespace
}  // namespace net
