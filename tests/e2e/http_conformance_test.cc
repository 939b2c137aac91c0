// Each HTTP daemon takes and refuses what the table says, and after each request that it takes
// agrees with its client about where the next one begins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../http_rows.h"
#include "web.h"

namespace e2e {
namespace {

using http_rows::ConformanceRow;
using http_rows::kRows;
using http_rows::kTaken;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kDaemonBodyMax = 60'000;  // of any route; the larger rows are the parser's

struct Subject {
  std::string tool;
  std::vector<std::string> options;
};

void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.tool; }

int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

std::size_t answers_in(const std::string& text) {
  std::size_t n = text.starts_with("HTTP/1.1 ") ? 1 : 0;
  for (auto at = text.find("\nHTTP/1.1 "); at != std::string::npos;
       at = text.find("\nHTTP/1.1 ", at + 1))
    ++n;
  return n;
}

class HttpDaemon : public testing::TestWithParam<Subject> {};

// A request whose path or method is refused is not looked at further: then that is the answer.
void expect_refusal(const Daemon& daemon, const ConformanceRow& row) {
  auto client = daemon.connect();
  client.send(row.bytes + request("GET /livez HTTP/1.1"));
  client.finish();
  const std::string all = client.rest();
  const int status = status_of(all);
  EXPECT_TRUE(status == row.status || status == 404 || status == 405) << all;
  EXPECT_THAT(all, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(answers_in(all), 1U) << all;
}

void expect_taken(const Daemon& daemon, const ConformanceRow& row) {
  auto client = daemon.connect();
  client.send(row.bytes + request("GET /livez HTTP/1.1", "Connection: close\r\n"));
  client.finish();
  const std::string all = client.rest();
  const int status = status_of(all);
  EXPECT_TRUE(status >= 100 && status < 500 && status != 400) << all;
  if (answers_in(all) == 1 && status >= 200) {  // nor is what follows read
    EXPECT_THAT(all, HasSubstr("\r\nConnection: close\r\n"));
    return;
  }
  EXPECT_THAT(all, testing::EndsWith("ok\n")) << "out of step";
}

TEST_P(HttpDaemon, TakesAndRefusesWhatItShould) {
  Daemon daemon(GetParam().tool, GetParam().options);
  for (const ConformanceRow& row : kRows) {
    if (row.bytes.size() > kDaemonBodyMax || row.status == 413) continue;
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    if (row.status == kTaken)
      expect_taken(daemon, row);
    else
      expect_refusal(daemon, row);
  }
  EXPECT_EQ(curl(daemon, "/livez").code, 200);
  EXPECT_EQ(daemon.stop(), 0);
}

// It would accept clients after its one request, and not serve them.
TEST_P(HttpDaemon, IsNoLameDuckForOneRequest) {
  const auto end = run({GetParam().tool, "--once", "--lame-duck", "1s", "127.0.0.1:0"});
  EXPECT_EQ(end.status, 2);
  EXPECT_EQ(end.err, GetParam().tool + ": --once and --lame-duck cannot be combined\n");
}

TEST_P(HttpDaemon, HasWhatMonitoringAsksFor) {
  Daemon daemon(GetParam().tool, GetParam().options);
  for (const auto* path : {"/livez", "/readyz", "/metrics", "/", "/%6civez"})
    EXPECT_EQ(curl(daemon, path).code, 200) << path;
  for (const auto* path : {"/", "/readyz"}) {
    const auto reply = curl(daemon, path, {"-X", "OPTIONS"});
    EXPECT_EQ(reply.code, 204) << path;
    EXPECT_THAT(reply.field("Allow"), StartsWith("GET, HEAD, "));
  }
  EXPECT_EQ(curl(daemon, "/%2Flivez", {"-H", "Host: localhost"}).field("Keep-Alive"), "timeout=75");
  const auto metrics = curl(daemon, "/metrics").body;
  for (const auto* name : {"_requests_total{code=\"200\"} ", "_requests_in_flight ",
                           "_connections ", "_build_info{version=\""})
    EXPECT_THAT(metrics, HasSubstr("\n" + GetParam().tool + name));
  EXPECT_THAT(metrics, HasSubstr("\nprocess_start_time_seconds "));
}

TEST_P(HttpDaemon, LogsRequests) {
  auto options = GetParam().options;
  options.insert(options.end(), {"-q", "--access-log"});
  Daemon daemon(GetParam().tool, options);
  (void)curl(daemon, "/livez?a=1");
  EXPECT_THAT(daemon.err.line(), testing::EndsWith("\"GET /livez?a=1 HTTP/1.1\" 200 3"));
}

TEST_P(HttpDaemon, LetsOtherOriginsReadIfAllowed) {
  auto options = GetParam().options;
  options.insert(options.end(), {"--allow-origin", "http://a.example"});
  Daemon daemon(GetParam().tool, options);
  auto reply = curl(daemon, "/", {"-H", "Origin: http://a.example"});
  EXPECT_EQ(reply.field("Access-Control-Allow-Origin"), "http://a.example");
  EXPECT_THAT(reply.head, HasSubstr("\r\nVary: Origin\r\n"));
  reply = curl(daemon, "/", {"-H", "Origin: http://b.example"});
  EXPECT_EQ(reply.field("Access-Control-Allow-Origin"), "");
  reply = curl(daemon, "/",
               {"-X", "OPTIONS", "-H", "Origin: http://a.example", "-H",
                "Access-Control-Request-Method: GET"});
  EXPECT_EQ(reply.code, 204);
  EXPECT_THAT(reply.field("Access-Control-Allow-Methods"), StartsWith("GET, HEAD"));
}

INSTANTIATE_TEST_SUITE_P(Each, HttpDaemon,
                         testing::Values(Subject{"statusd", {"--route", "ANY /=ok"}},
                                         Subject{"passwordd", {}}, Subject{"counterd", {}}),
                         testing::PrintToStringParamName());

// Also those for the body, which come before a daemon looks at the request.
TEST(CounterdRefusal, HasTheFormAndTheCorsFieldsOfAResult) {
  const TempDir dir;
  const std::string large = dir.file("body", std::string(1 << 18, 'a'));
  const Daemon counterd("counterd", {"--allow-origin", "https://a.example"});
  const std::vector<std::string> bodies[] = {
      {"--data-binary", "@" + large},
      {"--data-binary", "@" + large, "-H", "Transfer-Encoding: chunked"},
      {"--data-binary", "{}", "-H", "Content-Encoding: gzip"}};
  for (std::vector<std::string> options : bodies) {
    options.insert(options.end(), {"-H", "Accept: application/json", "-H",
                                   "Origin: https://a.example", "-H", "Expect:"});
    const Reply reply = curl(counterd, "/inc", options);
    EXPECT_THAT(reply.code, testing::AnyOf(413, 415));
    EXPECT_EQ(reply.field("Content-Type"), "application/json");
    EXPECT_EQ(reply.field("Access-Control-Allow-Origin"), "https://a.example");
    EXPECT_THAT(reply.body, StartsWith("{\"error\":\""));
  }
  const Reply slow = curl(Daemon("statusd", {"--body-rate", "1K", "--echo"}), "/echo",
                          {"--data-binary", "@" + dir.file("huge", std::string(2 << 20, 'a'))});
  EXPECT_EQ(slow.code, 413);
  EXPECT_EQ(slow.body, "The body of the request is too large.\n");
}

}  // namespace
}  // namespace e2e
