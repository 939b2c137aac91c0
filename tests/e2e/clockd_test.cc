// What clockd promises of its own: ticks, formats, counts, and what it makes of its clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <csignal>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "daemon.h"

namespace e2e {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

const std::string kDate = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
const std::string kTime = "[0-9]{2}:[0-9]{2}:[0-9]{2}";

// The one line that `clockd --once --count 1 OPTIONS` gives.
std::string daytime(std::vector<std::string> options, std::vector<std::string> env = {}) {
  options.insert(options.end(), {"--once", "--count", "1"});
  Daemon daemon("clockd", options, {.env = std::move(env)});
  auto client = daemon.connect();
  return client.rest();
}

std::vector<long> numbers(Socket& client, int count) {
  std::vector<long> values;
  for (int i = 0; i < count; ++i) values.push_back(std::stol(client.line()));
  return values;
}

TEST(Clockd, FirstLineComesAtOnce) {
  Daemon daemon("clockd", {"--interval", "1h"});
  auto client = daemon.connect();
  EXPECT_THAT(client.line(kPrompt), MatchesRegex(kTime));
  EXPECT_TRUE(client.silent_for(kSilence));
}

TEST(Clockd, LaterLinesAreTheBoundariesOfTheInterval) {
  Daemon daemon("clockd", {"--interval", "50ms", "--format", "unixms"});
  auto client = daemon.connect();
  const long first = std::stol(client.line());  // comes whenever it comes
  long last = first - first % 50;
  for (const long tick : numbers(client, 5)) {
    EXPECT_EQ(tick % 50, 0) << tick;
    EXPECT_GT(tick, std::exchange(last, tick));
  }
}

TEST(Clockd, EveryClientSeesTheSameTicks) {
  Daemon daemon("clockd", {"--interval", "100ms", "--format", "unixms"});
  auto one = daemon.connect();
  auto other = daemon.connect();
  auto seen = numbers(one, 6);
  auto others = numbers(other, 6);
  seen.erase(seen.begin());  // first lines are each client's own
  others.erase(others.begin());
  for (const long tick : others) {
    if (tick < seen.front() || tick > seen.back()) continue;
    EXPECT_TRUE(std::count(seen.begin(), seen.end(), tick) == 1) << tick;
  }
  EXPECT_LE(others.front(), seen.back()) << "the test compared nothing";
}

struct Format {
  const char* name;
  std::string pattern;
};

void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

class ClockdFormat : public testing::TestWithParam<Format> {};

TEST_P(ClockdFormat, LooksLikeItsName) {
  EXPECT_THAT(daytime({"--format", GetParam().name}), MatchesRegex(GetParam().pattern + "\n"));
}

INSTANTIATE_TEST_SUITE_P(
    All, ClockdFormat,
    testing::Values(
        Format{"time", kTime}, Format{"rfc3339", kDate + "T" + kTime + "(Z|[+-][0-9]{2}:[0-9]{2})"},
        Format{"rfc1123", "[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} " + kTime + " [^ ]+"},
        Format{"iso8601", kDate + "T" + kTime + "(Z|[+-][0-9]{2}:?[0-9]{2})"},
        Format{"rfc3339ms", kDate + "T" + kTime + "[.][0-9]{3}(Z|[+-][0-9]{2}:[0-9]{2})"},
        Format{"unixns", "[0-9]{19,}"}, Format{"%T.%N", kTime + "[.][0-9]{9}"},
        Format{"%T.%f", kTime + "[.][0-9]{6}"}, Format{"unix", "[0-9]{10,}"},
        Format{"unixms", "[0-9]{13,}"},
        Format{"ansic", "[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] " + kTime + " [0-9]{4}"},
        Format{"kitchen", "[0-9]{1,2}:[0-9]{2}[AP]M"},
        Format{"day %j of %Y", "day [0-9]{3} of [0-9]{4}"}, Format{"%%", "%"}),
    [](const auto& param) { return "n" + std::to_string(param.index); });

TEST(Clockd, TimeZoneIsAnArea) {
  EXPECT_EQ(daytime({"--time-zone", "Asia/Tokyo", "--format", "%z"}), "+0900\n");
  EXPECT_EQ(daytime({"--time-zone", "Asia/Tokyo", "--format", "%z"}, {"TZDIR="}), "+0900\n");
}

TEST(Clockd, UtcIsUtcWhateverTzSays) {
  EXPECT_EQ(daytime({"--utc", "--format", "%z"}, {"TZ=Asia/Tokyo"}), "+0000\n");
}

TEST(Clockd, LocalTimeFollowsTz) {
  EXPECT_EQ(daytime({"--format", "%z"}, {"TZ=Asia/Tokyo"}), "+0900\n");
}

TEST(Clockd, UnknownTimeZoneIsAUsageError) {
  const auto end = run({"clockd", "--time-zone", "Nowhere/At_all", "127.0.0.1:0"});
  EXPECT_EQ(end.status, 2);
  EXPECT_THAT(end.err, MatchesRegex("clockd: --time-zone: [^\n]*'Nowhere/At_all'[^\n]*\n"));
}

TEST(Clockd, WrongIntervalIsExplained) {
  const auto end = run({"clockd", "--interval", "x"});
  EXPECT_EQ(end.status, 2);
  EXPECT_EQ(end.err, "clockd: --interval: 'x' is not a time (try 500ms, 10s or 1m)\n");
}

TEST(Clockd, CountEndsTheConnection) {
  Daemon daemon("clockd", {"--interval", "50ms", "--count", "3"});
  auto client = daemon.connect();
  const std::string all = client.rest();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3) << all;
}

TEST(Clockd, OnceWithCountOneIsDaytime) {
  Daemon daemon("clockd", {"--once", "--count", "1"});
  auto client = daemon.connect();
  EXPECT_THAT(client.rest(), MatchesRegex(kTime + "\n"));
  EXPECT_EQ(daemon.wait(), 0);
}

TEST(Clockd, HalfCloseIsNotLeaving) {
  Daemon daemon("clockd", {"--interval", "100ms"});
  auto client = daemon.connect();
  client.finish();
  for (int i = 0; i < 5; ++i) (void)client.line();
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Clockd, InputIsReadAndThrownAway) {
  Daemon daemon("clockd", {"--interval", "50ms", "--format", "%%"});
  auto client = daemon.connect();
  client.send(std::string(8 << 20, 'x'));  // more than any socket buffer holds
  EXPECT_EQ(client.line(), "%");
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_THAT(client.rest(), MatchesRegex("(%\n)*"));
}

TEST(Clockd, AResetEndsTheClientBeforeTheNextTick) {
  Daemon daemon("clockd", {"--interval", "1h", "-v"});
  auto client = daemon.connect();
  (void)client.line();
  client.finish();
  client.reset();
  EXPECT_THAT(line_with(daemon.err, "disconnected"), HasSubstr("127.0.0.1"));
}

TEST(Clockd, IdleTimeoutLetsGoOfTheSilent) {
  Daemon daemon("clockd", {"--interval", "50ms", "--idle-timeout", "500ms"});
  auto client = daemon.connect();
  EXPECT_THAT(client.rest(), EndsWith("\n"));
}

TEST(Clockd, SlowReaderMissesWholeTicksAndHoldsNobodyUp) {
  Daemon daemon("clockd", {"--interval", "1ms", "--format", kLongLines});
  auto slow = daemon.connect({.narrow = true});
  auto quick = daemon.connect();
  std::size_t quick_lines = 0;  // of 200 bytes: far more than the slow one's buffers hold
  for (; quick_lines < 1500; ++quick_lines) (void)quick.line();
  daemon.signal(SIGTERM);
  std::istringstream rest(slow.rest());
  std::size_t slow_lines = 0;
  for (std::string line; std::getline(rest, line); ++slow_lines) {
    ASSERT_THAT(line, MatchesRegex("[0-9]{10} *[0-9]{1,2}"));
    ASSERT_GE(line.size(), 210u);
    ASSERT_FALSE(rest.eof()) << "the last line is cut";
  }
  EXPECT_GT(slow_lines, 0u);
  EXPECT_LT(slow_lines, quick_lines / 2);
}

TEST(Clockd, DrainLetsCountedClientsReachTheirLastLine) {
  Daemon daemon("clockd", {"--interval", "150ms", "--count", "6", "--drain", "1m"});
  auto client = daemon.connect();
  (void)client.line();
  daemon.signal(SIGTERM);
  const std::string rest = client.rest();
  EXPECT_EQ(std::count(rest.begin(), rest.end(), '\n'), 5) << rest;
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(Clockd, DrainEndsEndlessClientsAfterAWholeLine) {
  Daemon daemon("clockd", {"--interval", "1h", "--drain", "1m"});
  auto client = daemon.connect();
  (void)client.line();
  daemon.signal(SIGTERM);
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(Clockd, DrainHasALimit) {
  Daemon daemon("clockd", {"--interval", "1h", "--count", "2", "--drain", "300ms"});
  auto client = daemon.connect();
  (void)client.line();
  daemon.signal(SIGTERM);
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

}  // namespace
}  // namespace e2e
