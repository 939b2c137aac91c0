// Lines of StatsD.
#include "tools/counterd/statsd.h"

#include <gtest/gtest.h>

namespace counterd {
namespace {

TEST(Statsd, ALineIsAnIncrement) {
  const struct {
    const char* line;
    const char* name;
    std::int64_t by;
  } table[] = {
      {"x:1|c", "x", 1},
      {"a.b-c:-5|c", "a.b-c", -5},
      {"x:1|c|@0.1", "x", 10},
      {"x:3|c|@0.5", "x", 6},
      {"x:1|c|@1", "x", 1},
      {"x:2.0|c", "x", 2},
      {"x:9223372036854775807|c", "x", INT64_MAX},
      {"Привет мир:1|c", "Привет мир", 1},
  };
  for (const auto& row : table) {
    const auto increment = parse_statsd(row.line);
    ASSERT_TRUE(increment) << row.line;
    EXPECT_EQ(increment->name, row.name);
    EXPECT_EQ(increment->by, row.by);
  }
}

TEST(Statsd, AnythingElseIsBad) {
  for (const char* line : {"",
                           "x",
                           "x:",
                           "x:1",
                           "x:1|",
                           "x:1|g",
                           "x:1|ms",
                           ":1|c",
                           "x:|c",
                           "x:one|c",
                           "x:1|c|",
                           "x:1|c|@",
                           "x:1|c|@0",
                           "x:1|c|@2",
                           "x:1|c|@-0.1",
                           "x:1|c|@nan",
                           "x:nan|c",
                           "x:1e3|c",
                           "x:1|c|#tag:a",
                           "x:1|cc",
                           "x:1:2|c",
                           "x:1|c:2|c",
                           "x:1|c|#tag:2|c",
                           "host:80:1|c",
                           "a\tb:1|c",
                           "\xff:1|c",
                           "x:99999999999999999999|c",
                           "x:9007199254740993|c|@0.0001"})
    EXPECT_FALSE(parse_statsd(line)) << line;
}

TEST(Statsd, AppendsItsMetrics) {
  StatsdFigures figures;
  figures.lines = 3;
  std::string text;
  figures.append_to(text);
  EXPECT_NE(text.find("# TYPE counterd_statsd_lines_total counter\n"
                      "counterd_statsd_lines_total 3\n"),
            text.npos);
}

}  // namespace
}  // namespace counterd
