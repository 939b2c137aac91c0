// stream_test.h - tests that run once over TCP and once over a Unix-domain socket.
#pragma once

#include "common/net/stream.h"
#include "net_test.h"

namespace net {

using StreamBody = Task<> (*)(Loop& loop, Stream& stream, Fd& peer);

inline Task<int> stream_main(Loop& loop, Kind kind, StreamBody body) {
  Ends ends = connected(kind);
  Stream stream(loop, std::move(ends.near));
  co_await body(loop, stream, ends.far);
  co_return 42;
}

inline void run_stream_test(Kind kind, StreamBody body) {
  Loop loop;
  EXPECT_EQ(loop.run(stream_main(loop, kind, body)), 42);
}

#define STREAM_TEST(suite, name)                                                          \
  static Task<> suite##name(Loop& loop, Stream& stream, Fd& peer);                        \
  TEST_P(suite, name) { net::run_stream_test(GetParam(), &suite##name); }                 \
  static Task<> suite##name([[maybe_unused]] Loop& loop, [[maybe_unused]] Stream& stream, \
                            [[maybe_unused]] Fd& peer)

// For tests that need TCP's resets.
#define TCP_TEST(suite, name)                                                             \
  static Task<> suite##name(Loop& loop, Stream& stream, Fd& peer);                        \
  TEST(suite##OverTcp, name) { net::run_stream_test(Kind::kTcp, &suite##name); }          \
  static Task<> suite##name([[maybe_unused]] Loop& loop, [[maybe_unused]] Stream& stream, \
                            [[maybe_unused]] Fd& peer)

inline void PrintTo(Kind kind, std::ostream* out) { *out << (kind == Kind::kTcp ? "TCP" : "Unix"); }

inline std::string kind_name(const testing::TestParamInfo<Kind>& kind) {
  return kind.param == Kind::kTcp ? "Tcp" : "Unix";
}

#define STREAM_TESTS(suite)                             \
  class suite : public testing::TestWithParam<Kind> {}; \
  INSTANTIATE_TEST_SUITE_P(Over, suite, testing::Values(Kind::kTcp, Kind::kUnix), kind_name)

// The outcome of an operation that runs concurrently with the test.
struct Outcome {
  bool ended = false;
  Error error;
  std::string data;
};

inline Task<> read_into(Stream& stream, Millis timeout, Outcome& outcome) {
  const auto data = co_await stream.read(timeout);
  if (data) outcome.data = *data;
  outcome.error = data.error();
  outcome.ended = true;
}

inline Task<> write_from(Stream& stream, std::string_view data, Outcome& outcome) {
  Error e = co_await stream.write(data);
  outcome.error = e;
  outcome.ended = true;
}

inline Task<> shut_down(Stream& stream, Outcome& outcome) {
  Error e = co_await stream.shutdown();
  outcome.error = e;
  outcome.ended = true;
}

// Reads until end of file, a little at a time and with pauses.
inline Task<> read_slowly(Loop& loop, Stream& from, std::string& data, Error& error) {
  for (;;) {
    const auto more = co_await from.read(kPatience);
    error = more.error();
    if (!more || more->empty()) co_return;
    data += *more;
    co_await next_round(loop);
  }
}

}  // namespace net
