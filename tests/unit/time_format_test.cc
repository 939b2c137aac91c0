// A moment as text, in every format and on both sides of Greenwich.
#include "tools/clockd/time_format.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace clockd {
namespace {

constexpr Time at(std::int64_t ms) { return Time(std::chrono::milliseconds(ms)); }
constexpr Time kMoment = at(1'136'239'445'678);  // 2006-01-02 22:04:05.678 UTC
constexpr Time kSummer = at(1'751'328'000'007);  // 2025-07-01 00:00:00.007 UTC

std::string line(const char* name, Time time) {
  TimeFormat format;
  EXPECT_EQ(TimeFormat::parse(name, format), "");
  return format.line(time);
}

class TimeFormatTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* zone = std::getenv("TZ");
    if (zone != nullptr) zone_ = zone;
    was_set_ = zone != nullptr;
  }
  void TearDown() override {
    if (was_set_)
      setenv("TZ", zone_.c_str(), 1);
    else
      unsetenv("TZ");
    tzset();
  }
  static void use(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }

 private:
  std::string zone_;
  bool was_set_ = false;
};

struct FormatRow {
  const char* name;
  const char* text;
};

TEST_F(TimeFormatTest, EveryNameInUtc) {
  use("UTC0");
  const FormatRow table[] = {
      {"time", "22:04:05\n"},
      {"rfc3339", "2006-01-02T22:04:05Z\n"},
      {"rfc1123", "Mon, 02 Jan 2006 22:04:05 UTC\n"},
      {"iso8601", "2006-01-02T22:04:05+00:00\n"},
      {"unix", "1136239445\n"},
      {"rfc3339ms", "2006-01-02T22:04:05.678Z\n"},
      {"unixms", "1136239445678\n"},
      {"unixns", "1136239445678000000\n"},
      {"ansic", "Mon Jan  2 22:04:05 2006\n"},
      {"kitchen", "10:04PM\n"},
      {"%Y/%j %%", "2006/002 %\n"},
      {"at %H h", "at 22 h\n"},
  };
  for (const FormatRow& row : table) EXPECT_EQ(line(row.name, kMoment), row.text) << row.name;
  EXPECT_EQ(TimeFormat().line(kMoment), "22:04:05\n");
}

TEST_F(TimeFormatTest, OffsetsHaveTheirSignAndTheirMinutes) {
  struct Offset {
    const char* zone;  // POSIX: the sign is the other way round
    const char* iso8601;
    const char* rfc3339;
  };
  const Offset table[] = {
      {"ZZZ-1", "2006-01-02T23:04:05+01:00\n", "2006-01-02T23:04:05+01:00\n"},
      {"ZZZ7", "2006-01-02T15:04:05-07:00\n", "2006-01-02T15:04:05-07:00\n"},
      {"ZZZ3:30", "2006-01-02T18:34:05-03:30\n", "2006-01-02T18:34:05-03:30\n"},
      {"ZZZ0:30", "2006-01-02T21:34:05-00:30\n", "2006-01-02T21:34:05-00:30\n"},
      {"ZZZ-5:45", "2006-01-03T03:49:05+05:45\n", "2006-01-03T03:49:05+05:45\n"},
      {"ZZZ-14", "2006-01-03T12:04:05+14:00\n", "2006-01-03T12:04:05+14:00\n"},
  };
  for (const Offset& row : table) {
    use(row.zone);
    EXPECT_EQ(line("iso8601", kMoment), row.iso8601) << row.zone;
    EXPECT_EQ(line("rfc3339", kMoment), row.rfc3339) << row.zone;
    EXPECT_EQ(line("unixms", kMoment), "1136239445678\n") << row.zone;
  }
}

TEST_F(TimeFormatTest, MillisecondsKeepTheirZeros) {
  EXPECT_EQ(line("unixms", kSummer), "1751328000007\n");
  EXPECT_EQ(line("unixms", at(1'000)), "1000\n");
  EXPECT_EQ(line("unixms", at(1'050)), "1050\n");
  EXPECT_EQ(line("unix", at(1'999)), "1\n");
}

TEST_F(TimeFormatTest, FractionsOfASecond) {
  use("UTC0");
  const Time moment = Time(std::chrono::nanoseconds(1'136'239'445'007'080'009));
  const FormatRow table[] = {
      {"%S.%N", "05.007080009\n"}, {"%S.%3N", "05.007\n"},
      {"%S.%6N", "05.007080\n"},   {"%S.%9N", "05.007080009\n"},
      {"%S.%1N", "05.0\n"},        {"%S.%f", "05.007080\n"},
      {"%%N %%f", "%N %f\n"},      {"%%%3N", "%007\n"},
      {"N%SN", "N05N\n"},          {"unixns", "1136239445007080009\n"},
  };
  for (const FormatRow& row : table) EXPECT_EQ(line(row.name, moment), row.text) << row.name;
  use("ZZZ-1");
  EXPECT_EQ(line("rfc3339ms", moment), "2006-01-02T23:04:05.007+01:00\n");
}

TEST_F(TimeFormatTest, ZonesHaveTheirSummers) {
  ASSERT_TRUE(set_time_zone("Europe/Berlin"));
  EXPECT_EQ(line("rfc1123", kMoment), "Mon, 02 Jan 2006 23:04:05 CET\n");
  EXPECT_EQ(line("rfc1123", kSummer), "Tue, 01 Jul 2025 02:00:00 CEST\n");
  EXPECT_EQ(line("rfc3339", kSummer), "2025-07-01T02:00:00+02:00\n");
  ASSERT_TRUE(set_time_zone("America/St_Johns"));
  EXPECT_EQ(line("iso8601", kMoment), "2006-01-02T18:34:05-03:30\n");
  EXPECT_EQ(line("kitchen", kMoment), "6:34PM\n");
  ASSERT_TRUE(set_time_zone("Europe/London"));
  EXPECT_EQ(line("rfc3339", kMoment), "2006-01-02T22:04:05Z\n");
  EXPECT_EQ(line("rfc3339", kSummer), "2025-07-01T01:00:00+01:00\n");
}

TEST_F(TimeFormatTest, UnknownZoneChangesNothing) {
  use("ZZZ-1");
  for (const char* name : {"", "Mars/Olympus_Mons", "Europe", "europe/berlin/", "/etc/localtime",
                           "../zoneinfo/UTC", "tzdata.zi", "ZZZ-1"})
    EXPECT_FALSE(set_time_zone(name)) << name;
  EXPECT_STREQ(std::getenv("TZ"), "ZZZ-1");
  EXPECT_EQ(line("time", kMoment), "23:04:05\n");
}

TEST_F(TimeFormatTest, ALongTextIsLongerInSeptember) {
  std::string months;
  for (int i = 0; i < 127; ++i) months += "%B";
  TimeFormat format;
  if (!TimeFormat::parse(months, format).empty()) GTEST_SKIP() << "it is September";
  EXPECT_EQ(format.line(at(1'157'500'800'000)).size(), 127 * 9 + 1U);
}

TEST_F(TimeFormatTest, WhatIsNoFormatIsSaid) {
  use("UTC0");
  TimeFormat format;
  ASSERT_EQ(TimeFormat::parse("unix", format), "");
  const std::string names =
      " is neither a strftime format nor one of time, rfc3339, rfc3339ms, rfc1123, iso8601, "
      "unix, unixms, unixns, ansic, kitchen";
  EXPECT_EQ(TimeFormat::parse("", format), "''" + names);
  EXPECT_EQ(TimeFormat::parse("Time", format), "'Time'" + names);
  EXPECT_EQ(TimeFormat::parse("rfc", format), "'rfc'" + names);
  EXPECT_EQ(TimeFormat::parse("%Y" + std::string(254, 'x'), format),
            "the format is longer than 255 bytes");
  EXPECT_EQ(format.line(kMoment), "1136239445\n") << "and changes nothing";
  EXPECT_EQ(TimeFormat::parse("%Y" + std::string(253, 'x'), format), "");
  EXPECT_EQ(format.line(kMoment), "2006" + std::string(253, 'x') + "\n");
}

}  // namespace
}  // namespace clockd
