// How long HTTP waits for what, by tables: bytes that come at given times, and no clock.
#include "common/http/patience.h"

#include <gtest/gtest.h>

#include "common/http/server.h"
#include "http_input.h"

namespace net::http {
namespace {

using namespace std::chrono_literals;

constexpr HttpOptions kLimits{.idle_timeout = 75s, .head_timeout = 10s, .body_timeout = 60s};
const std::string kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";

// A connection, as the server reads it.
class Reader {
 public:
  explicit Reader(const HttpOptions& options) : options_(options) {}

  // What has come by `at`, and how long is waited for more.
  Millis read(Millis at, std::string_view bytes) {
    const TimePoint now{at};
    while (!bytes.empty()) {
      const Progress progress = take(parser_, bytes);
      EXPECT_NE(progress, Progress::kRefused) << parser_.refusal().sentence;
      if (progress == Progress::kRefused) break;
      if (progress == Progress::kComplete)
        patience_.complete();
      else
        patience_.partial(parser_, options_, now);
    }
    return patience_.left(options_, now);
  }

 private:
  const HttpOptions options_;
  Parser parser_;
  Patience patience_;
};

struct Read {
  Millis at;
  std::string bytes;
  Millis left;
};

void expect_waits(const HttpOptions& options, const std::vector<Read>& reads) {
  Reader reader(options);
  for (const Read& read : reads) {
    const Millis left = reader.read(read.at, read.bytes);
    EXPECT_EQ(left.count(), read.left.count()) << "ms, at " << read.at.count() << " ms";
  }
}

TEST(HttpPatience, SilenceBeginsWithEachRequestsEnd) {
  expect_waits(kLimits, {{0s, "", 75s},
                         {74s, "", 1s},
                         {74s, kHead, 75s},
                         {148s, kHead + kHead, 75s},
                         {222'999ms, "", 1ms},
                         {223s, "", 0s},
                         {300s, "", 0s}});
}

TEST(HttpPatience, AHeadHasItsTimeFromItsFirstByteOn) {
  expect_waits(kLimits, {{0s, "", 75s},
                         {70s, "G", 10s},
                         {75s, "ET / HT", 5s},
                         {79'999ms, "T", 1ms},
                         {79'999ms, "P/1.1\r\n", 1ms},
                         {80s, "Host: a", 0s}});
}

TEST(HttpPatience, EachByteOfAHeadIsWaitedForNoLongerThanSilence) {
  const HttpOptions brief{.idle_timeout = 2s, .head_timeout = 5s, .body_timeout = 60s};
  expect_waits(brief, {{0s, "", 2s},
                       {1s, "G", 2s},
                       {2'999ms, "ET / HT", 2s},
                       {4'900ms, "TP/1.1\r\n", 1'100ms},
                       {5s, "Host: a\r\n\r\n", 2s},
                       {6s, "\r\nG", 2s}});
}

TEST(HttpPatience, AHeadThatTricklesEndsInTime) {
  Reader reader(kLimits);
  const std::string head = "GET / HTTP/1.1\r\nX: " + std::string(1000, 'y');
  for (Millis at = 0s; at <= 20s; at += 100ms) {
    const auto index = static_cast<std::size_t>(at / 100ms);
    const Millis left = reader.read(at, head.substr(index, 1));
    EXPECT_EQ(left.count(), std::max<Millis>(10s - at, 0s).count());
  }
}

// Each has its time from its own first byte on, though every read ends inside the next one.
TEST(HttpPatience, APipelineOfPartialHeadsGoesOn) {
  Reader reader(kLimits);
  const std::string turned = kHead.substr(8) + kHead.substr(0, 8);
  EXPECT_EQ(reader.read(0s, kHead.substr(0, 8)), Millis(10s));
  for (Millis at = 9s; at < 90s; at += 9s) EXPECT_EQ(reader.read(at, turned), Millis(10s));
}

TEST(HttpPatience, ABodyHasItsTimeAndEachByteIsWaitedForNoLongerThanSilence) {
  const HttpOptions silent{.idle_timeout = 20s, .head_timeout = 10s, .body_timeout = 60s};
  expect_waits(silent, {{0s, kPost, 20s},
                        {19s, "a", 20s},
                        {38s, "b", 20s},
                        {45s, "c", 15s},
                        {59'999ms, "d", 1ms},
                        {60s, "e", 0s}});
}

TEST(HttpPatience, ABodyInChunksHasItsTimeToo) {
  expect_waits(kLimits,
               {{0s, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 60s},
                {30s, "5\r\nHel", 30s},
                {59s, "lo\r\n0\r\n", 1s},
                {59s, "\r\n", 75s}});
}

TEST(HttpPatience, AHeadBehindASlowBodyHasItsTime) {
  const std::string rest(100, 'x');
  expect_waits(kLimits,
               {{0s, kPost, 60s}, {50s, rest + "GET / HT", 10s}, {59s, kHead.substr(8), 75s}});
}

TEST(HttpPatience, ABodyBehindASlowHeadHasItsTime) {
  expect_waits(kLimits, {{0s, "P", 10s}, {9s, kPost.substr(1) + "x", 60s}});
}

// However they are cut.
TEST(HttpPatience, EmptyLinesAreSilence) {
  for (const std::size_t size : {1U, 2U, 3U}) {
    Reader reader(kLimits);
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += "\r\n";
    EXPECT_EQ(reader.read(0s, ""), Millis(75s));
    for (Millis at = 1s; at <= 80s; at += 1s) {
      const auto index = static_cast<std::size_t>(at / 1s - 1) * size;
      EXPECT_EQ(reader.read(at, lines.substr(index, size)), std::max<Millis>(75s - at, 0s));
    }
  }
}

TEST(HttpPatience, EmptyLinesEndNoRequest) {
  expect_waits(kLimits, {{0s, kHead + "\r\n", 75s},
                         {70s, kHead + "\r\n", 75s},
                         {140s, "\r\nG", 10s},
                         {149s, kHead.substr(1), 75s}});
}

TEST(HttpPatience, NoLimitsWhereTheyAreZero) {
  const HttpOptions none{.idle_timeout = 0s, .head_timeout = 0s, .body_timeout = 0s};
  expect_waits(none, {{0s, "", kForever},
                      {24h, "GET / HT", kForever},
                      {48h, kHead.substr(8), kForever},
                      {72h, kPost + "x", kForever},
                      {96h, "y", kForever}});
  const HttpOptions no_silence{.idle_timeout = 0s, .head_timeout = 10s, .body_timeout = 60s};
  expect_waits(no_silence, {{24h, "", kForever}, {48h, "G", 10s}, {48h, "ET", 10s}});
  const HttpOptions no_body{.idle_timeout = 75s, .head_timeout = 0s, .body_timeout = 0s};
  expect_waits(no_body, {{0s, "P", 75s}, {24h, kPost.substr(1), 75s}, {25h, "x", 75s}});
}

}  // namespace
}  // namespace net::http
