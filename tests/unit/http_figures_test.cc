// Counters as Prometheus reads them.
#include "common/http/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace net::http {
namespace {

using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(Figures, EveryLineIsACommentOrASample) {
  Figures figures("statusd");
  Tally tally;
  figures.watch(tally);
  tally.count(200, 15);
  tally.count(503, 0);
  std::string text = figures.text();
  append_metric(text, "statusd_ready", "gauge", "Whether it is ready.", "1");
  EXPECT_THAT(text, EndsWith("\n"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(line, AnyOf(MatchesRegex("# HELP [a-z_]+ [A-Z1].*\\."),
                            MatchesRegex("# TYPE [a-z_]+ (counter|gauge)"),
                            MatchesRegex("[a-z_]+(\\{[a-z]+=\"[0-9.]+\"\\})? [0-9.]+")));
  }
}

TEST(Figures, AreTheSumOverAllLoops) {
  Figures figures("statusd");
  Tally one, two;
  figures.watch(one);
  figures.watch(two);
  EXPECT_THAT(figures.text(), Not(HasSubstr("code=")));
  for (int i = 0; i < 3; ++i) one.count(200, 15);
  two.count(200, 0);
  two.count(404, 10);
  Tally::add(one.begun, 6);
  Tally::add(one.connections, 5);
  Tally::add(two.disconnections, 2);
  const std::string text = figures.text();
  for (const char* line :
       {"statusd_requests_total{code=\"200\"} 4", "statusd_requests_total{code=\"404\"} 1",
        "statusd_response_body_bytes_total 55", "statusd_requests_in_flight 1",
        "statusd_connections_total 5", "statusd_connections 3"})
    EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
}

}  // namespace
}  // namespace net::http
