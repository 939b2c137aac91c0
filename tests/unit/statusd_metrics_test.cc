// Counters as Prometheus reads them.
#include "tools/statusd/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>
#include <vector>

namespace statusd {
namespace {

using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(Metrics, EveryLineIsACommentOrASample) {
  Metrics metrics;
  metrics.count(200, 15);
  metrics.count(503, 0);
  const std::string text = metrics.text(true);
  EXPECT_THAT(text, EndsWith("\n"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(line, AnyOf(MatchesRegex("# HELP [a-z_]+ [A-Z].*\\."),
                            MatchesRegex("# TYPE [a-z_]+ (counter|gauge)"),
                            MatchesRegex("[a-z_]+(\\{code=\"[0-9]{3}\"\\})? [0-9.]+")));
  }
}

TEST(Metrics, Count) {
  Metrics metrics;
  EXPECT_THAT(metrics.text(true), Not(HasSubstr("code=")));
  for (int i = 0; i < 3; ++i) metrics.count(200, 15);
  metrics.count(404, 10);
  for (const int never : {-1, 600, 1 << 30}) metrics.count(never, 1000);
  const std::string text = metrics.text(true);
  EXPECT_THAT(text, HasSubstr("\nstatusd_requests_total{code=\"200\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nstatusd_requests_total{code=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nstatusd_response_body_bytes_total 55\n"));
}

TEST(Metrics, Readiness) {
  const Metrics metrics;
  EXPECT_THAT(metrics.text(true), HasSubstr("\nstatusd_ready 1\n"));
  EXPECT_THAT(metrics.text(false), HasSubstr("\nstatusd_ready 0\n"));
}

TEST(Metrics, ThreadsLoseNothing) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&metrics] {
      for (int n = 0; n < 10'000; ++n) metrics.count(200, 1);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(metrics.text(true), HasSubstr("{code=\"200\"} 20000\n"));
}

}  // namespace
}  // namespace statusd
