// Slowness and failures on purpose.
#include "tools/statusd/trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace statusd {
namespace {

using net::Millis;
using testing::HasSubstr;

TEST(FailRate, SharesAndPercentages) {
  struct Row {
    const char* text;
    double rate;
  };
  const Row table[] = {{"0", 0},     {"1", 1},        {"0.25", 0.25}, {".5", 0.5},
                       {"10%", 0.1}, {"0.1%", 0.001}, {"100%", 1},    {"0%", 0}};
  for (const Row& row : table) {
    Trouble trouble;
    EXPECT_EQ(parse_share(row.text, trouble.fail_rate), "") << row.text;
    EXPECT_DOUBLE_EQ(trouble.fail_rate, row.rate) << row.text;
  }
}

TEST(FailRate, WhatIsNoneChangesNothing) {
  for (const char* wrong : {"", "%", "x", "1.1", "101%", "-0.1", "-0", "nan", "inf", "1e-1", "5 %",
                            "0.5x", "+1", "50%%"}) {
    Trouble trouble;
    EXPECT_THAT(parse_share(wrong, trouble.fail_rate), HasSubstr("is not a share from 0 to 1"))
        << wrong;
    EXPECT_EQ(trouble.fail_rate, 0) << wrong;
  }
}

TEST(Dice, LatencyKeepsToItsRangeAndUsesAllOfIt) {
  const Trouble trouble{.latency = {Millis(10), Millis(13)}};
  Dice dice(1);
  std::array<int, 4> seen{};
  for (int i = 0; i < 1000; ++i) {
    const auto ms = dice.latency(trouble).count() - 10;
    ASSERT_TRUE(ms >= 0 && ms < 4) << ms;
    ++seen[static_cast<std::size_t>(ms)];
  }
  for (const int n : seen) EXPECT_GT(n, 150);
}

TEST(Dice, FailsAsOftenAsItIsTold) {
  struct Row {
    double rate;
    int min, max;  // of 10,000
  };
  for (const Row& row : {Row{0, 0, 0}, Row{1, 10'000, 10'000}, Row{0.25, 2200, 2800}}) {
    Trouble trouble{.fail_rate = row.rate};
    Dice dice(7);
    int failures = 0;
    for (int i = 0; i < 10'000; ++i) failures += dice.falls(trouble.fail_rate);
    EXPECT_GE(failures, row.min);
    EXPECT_LE(failures, row.max);
  }
}

}  // namespace
}  // namespace statusd
