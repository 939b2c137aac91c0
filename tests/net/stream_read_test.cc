// Reading from a stream: data, end of file, time limits.
#include <array>
#include <ctime>
#include <thread>

#include "stream_test.h"

namespace net {
namespace {

STREAM_TESTS(StreamRead);

STREAM_TEST(StreamRead, FillsABuffer) {
  send(peer, "hello");
  std::array<char, 3> buffer{};
  Result<std::size_t> n = co_await stream.read(buffer);
  REQUIRE(n);
  EXPECT_EQ(std::string(buffer.data(), *n), "hel");
  n = co_await stream.read(buffer);
  REQUIRE(n);
  EXPECT_EQ(std::string(buffer.data(), *n), "lo");
}

STREAM_TEST(StreamRead, ShowsAView) {
  send(peer, "hello");
  const auto data = co_await stream.read();
  REQUIRE(data);
  EXPECT_EQ(*data, "hello");
  EXPECT_EQ(data->data(), loop.scratch().data()) << "copied";
}

STREAM_TEST(StreamRead, TakesABlockingSocketAsItIs) {
  EXPECT_EQ(status_flags(stream.fd()) & O_NONBLOCK, 0);
  co_return;
}

STREAM_TEST(StreamRead, WaitsForWhatIsToCome) {
  Outcome read;
  WaitGroup group;
  group.go(read_into(stream, kForever, read));
  co_await next_round(loop);
  co_await next_round(loop);
  EXPECT_FALSE(read.ended);
  send(peer, "late");
  co_await group.wait();
  EXPECT_EQ(read.data, "late");
}

STREAM_TEST(StreamRead, LeavesToTheNextReadWhatComesInBetween) {
  send(peer, "one");
  const auto one = co_await stream.read();
  REQUIRE(one);
  EXPECT_EQ(*one, "one");
  send(peer, "two");
  half_close(peer);
  const auto cpu = std::clock();
  Error e = co_await sleep(loop, Millis(300));
  EXPECT_FALSE(e);
  EXPECT_LT(std::clock() - cpu, CLOCKS_PER_SEC / 5) << "woken again and again";
  EXPECT_TRUE(stream.has_unread());
  const auto two = co_await stream.read();
  REQUIRE(two);
  EXPECT_EQ(*two, "two");
  const auto end = co_await stream.read();
  REQUIRE(end);
  EXPECT_EQ(*end, "");
}

STREAM_TEST(StreamRead, MeetsEndOfFileAndStaysThere) {
  send(peer, "last");
  half_close(peer);
  std::array<char, 100> buffer{};
  Result<std::size_t> n = co_await stream.read(buffer);
  REQUIRE(n);
  EXPECT_EQ(*n, 4U);
  n = co_await stream.read(buffer);
  REQUIRE(n);
  EXPECT_EQ(*n, 0U);
  const auto data = co_await stream.read();
  REQUIRE(data);
  EXPECT_EQ(*data, "");
  EXPECT_FALSE(stream.closed());
}

STREAM_TEST(StreamRead, CountsItsTraffic) {
  send(peer, "hello");
  auto data = co_await stream.read();
  EXPECT_EQ(loop.traffic().in, 5U);
  half_close(peer);
  data = co_await stream.read();
  EXPECT_EQ(loop.traffic().in, 5U);
  EXPECT_EQ(loop.traffic().out, 0U);
}

Task<> send_in_pieces(Stream& to, std::string_view data, std::size_t piece) {
  while (!data.empty()) {
    Error e = co_await to.write(data.substr(0, piece));
    EXPECT_FALSE(e);
    data.remove_prefix(std::min(piece, data.size()));
  }
  Error e = co_await to.shutdown();
  EXPECT_FALSE(e);
}

STREAM_TEST(StreamRead, ManyPiecesArriveInOrder) {
  const std::string sent = pattern(3'000'000);
  Stream other(loop, std::move(peer));
  WaitGroup group;
  group.go(send_in_pieces(other, sent, 1777));
  std::string got;
  std::array<char, 1000> buffer{};
  for (;;) {
    Result<std::size_t> n = co_await stream.read(buffer, kPatience);
    if (!n || *n == 0) break;
    got.append(buffer.data(), *n);
    if (got.size() % 5 == 0) co_await next_round(loop);  // the stream stops reading meanwhile
  }
  co_await group.wait();
  EXPECT_TRUE(got == sent);
  EXPECT_EQ(loop.traffic().in, sent.size());
  EXPECT_EQ(loop.traffic().out, sent.size());
}

// ---- time limits ----

STREAM_TEST(StreamRead, TimeoutLeavesTheStreamOpen) {
  for (int i = 0; i < 2; ++i) {
    const Stopwatch watch;
    const auto nothing = co_await stream.read(Millis(20));
    EXPECT_EQ(nothing.error(), Error(UV_ETIMEDOUT));
    EXPECT_GE(watch.elapsed(), Millis(20));
    EXPECT_FALSE(stream.closed());
  }
  send(peer, "hello");
  const auto data = co_await stream.read(kPatience);
  REQUIRE(data);
  EXPECT_EQ(*data, "hello");
  Error e = co_await stream.write("world");
  EXPECT_FALSE(e);
  EXPECT_EQ(receive(peer, 5), "world");
}

STREAM_TEST(StreamRead, ZeroTimeIsAllowed) {
  const auto nothing = co_await stream.read(Millis::zero());
  EXPECT_EQ(nothing.error(), Error(UV_ETIMEDOUT));
}

STREAM_TEST(StreamRead, EachReadHasItsOwnTime) {
  send(peer, "x");
  auto data = co_await stream.read(Millis(100));
  EXPECT_TRUE(data);
  const Stopwatch watch;
  data = co_await stream.read(Millis(150));
  EXPECT_EQ(data.error(), Error(UV_ETIMEDOUT));
  EXPECT_GE(watch.elapsed(), Millis(150));
  send(peer, "x");
  data = co_await stream.read(Millis(100));
  EXPECT_TRUE(data);
  Outcome read;
  WaitGroup group;
  group.go(read_into(stream, kForever, read));
  Error e = co_await sleep(loop, Millis(150));
  EXPECT_FALSE(e);
  EXPECT_FALSE(read.ended) << "by the time of an earlier read";
  send(peer, "y");
  co_await group.wait();
  EXPECT_EQ(read.data, "y");
}

STREAM_TEST(StreamRead, ShorterTimeAfterALongerOneIsKept) {
  send(peer, "x");
  auto data = co_await stream.read(kPatience);
  EXPECT_TRUE(data);
  const Stopwatch watch;
  data = co_await stream.read(Millis(20));
  EXPECT_EQ(data.error(), Error(UV_ETIMEDOUT));
  EXPECT_LT(watch.elapsed(), kPatience / 2);
}

// The loop's clock stands still while a task works.
STREAM_TEST(StreamRead, TimeIsNotShortAfterLongWork) {
  send(peer, "x");
  auto data = co_await stream.read(Millis(100));
  EXPECT_TRUE(data);
  const Stopwatch work;
  while (work.elapsed() < Millis(150)) continue;
  const Stopwatch watch;
  data = co_await stream.read(Millis(120));
  EXPECT_EQ(data.error(), Error(UV_ETIMEDOUT));
  EXPECT_GE(watch.elapsed(), Millis(120));
}

// ---- resets ----

TCP_TEST(StreamRead, ResetEndsIt) {
  Outcome read;
  WaitGroup group;
  group.go(read_into(stream, kForever, read));
  reset(peer);
  co_await group.wait();
  EXPECT_EQ(read.error, Error(UV_ECONNRESET));
}

TCP_TEST(StreamRead, ResetBeforeItIsSeen) {
  reset(peer);
  const auto data = co_await stream.read(kPatience);
  EXPECT_EQ(data.error(), Error(UV_ECONNRESET));
}

// The process has been paused for longer than the limit, or the loop was busy: libuv runs timers
// before it polls.
STREAM_TEST(StreamRead, DataThatCameInTimeCountsHoweverLateItIsLookedAt) {
  Outcome outcome;
  WaitGroup group;
  group.go(read_into(stream, Millis(50), outcome));
  send(peer, "in time");
  std::this_thread::sleep_for(Millis(150));
  co_await group.wait();
  EXPECT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_EQ(outcome.data, "in time");
}

// ---- idle ----

STREAM_TEST(StreamRead, LongestIdleGivesWay) {
  Ends other = connected(Kind::kTcp);
  Stream second(loop, std::move(other.near));
  Outcome outcome;
  Outcome later;
  WaitGroup group;
  stream.set_idle();
  group.go(read_into(stream, kPatience, outcome));
  EXPECT_FALSE(loop.end_longest_idle(Millis(60'000))) << "not so long";
  Error e = co_await sleep(loop, Millis(20));
  EXPECT_FALSE(e);
  second.set_idle();
  group.go(read_into(second, kForever, later));
  EXPECT_TRUE(loop.end_longest_idle(Millis(5)));
  co_await group.wait(1);
  EXPECT_EQ(outcome.error, Error(UV_ETIMEDOUT));
  EXPECT_FALSE(later.ended);
  send(other.far, "x");  // by which it is not idle any more
  co_await group.wait();
  EXPECT_EQ(later.data, "x");
  group.go(read_into(second, kForever, later));
  e = co_await sleep(loop, Millis(20));
  EXPECT_FALSE(loop.end_longest_idle(Millis(5)));
  second.close();
  co_await group.wait();
}

}  // namespace
}  // namespace net
