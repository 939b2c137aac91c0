// What statusd answers: where, what, to which method, and what it writes down about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "web.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(Statusd, SaysOkAtEveryPath) {
  Daemon daemon("statusd");
  for (const auto* path : {"/", "/any/path", "/?a=1", "/%41", "//", "/index.html"}) {
    const auto reply = curl(daemon, path);
    EXPECT_EQ(reply.code, 200) << path;
    EXPECT_EQ(reply.field("Content-Type"), "application/json");
    EXPECT_EQ(reply.field("Content-Length"), "15");
    EXPECT_EQ(reply.body, R"({"status":"ok"})");
  }
}

TEST(Statusd, AnswersAsToldTo) {
  struct Row {
    std::vector<std::string> options;
    int code;
    const char* type;
    const char* body;
  };
  const char* text = "text/plain; charset=utf-8";
  const Row table[] = {
      {{"--status", "202"}, 202, "application/json", R"({"status":"ok"})"},
      {{"--status", "503"}, 503, "application/json", R"({"status":"error"})"},
      {{"--status", "204"}, 204, "", ""},
      {{"--status", "304"}, 304, "", ""},
      {{"--status", "599", "--body", "?"}, 599, text, "?"},
      {{"--body", "Hello\n"}, 200, text, "Hello\n"},
      {{"--body", "Привет"}, 200, text, "Привет"},
      {{"--body", ""}, 200, text, ""},
      {{"--body", "{}", "--content-type", "application/json"}, 200, "application/json", "{}"},
      {{"--content-type", "application/health+json"},
       200,
       "application/health+json",
       R"({"status":"ok"})"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.options[1]);
    Daemon daemon("statusd", row.options);
    const auto reply = curl(daemon, "/");
    EXPECT_EQ(reply.code, row.code);
    EXPECT_EQ(reply.field("Content-Type"), row.type);
    EXPECT_EQ(reply.body, row.body);
  }
}

TEST(Statusd, HeadersOfTheUsers) {
  Daemon daemon("statusd", {"--header", "Access-Control-Allow-Origin: *", "--header", "X-A:b",
                            "--route", "/hello=Hello"});
  for (const auto* path : {"/hello", "/none", "/livez"}) {
    const auto reply = curl(daemon, path);
    EXPECT_EQ(reply.field("Access-Control-Allow-Origin"), "*") << path;
    EXPECT_EQ(reply.field("X-A"), "b") << path;
  }
  EXPECT_EQ(curl(daemon, "/hello", {"-X", "OPTIONS"}).field("X-A"), "b");
}

TEST(Statusd, BodyOfAFile) {
  const TempDir dir;
  const std::string content = noise(1 << 20);
  Daemon daemon("statusd", {"--body-file", dir.file("body", content)});
  EXPECT_EQ(curl(daemon, "/").body, content);
}

TEST(Statusd, BodyOfStandardInput) {
  Daemon daemon("statusd", {"--body-file", "-"}, {.in = Stdio::file(TempDir().file("never", ""))});
  EXPECT_EQ(curl(daemon, "/").field("Content-Length"), "0");
  const auto end = shell(
      "port=$(printf 'from a pipe' | statusd -q --once --body-file - --print-port 127.0.0.1:0 &)\n"
      "curl -s 127.0.0.1:$port");
  EXPECT_EQ(end.out, "from a pipe");
}

TEST(Statusd, BodyThatCannotBeReadIsStatus8) {
  const TempDir dir;
  const auto large = dir.path("large");
  std::ofstream(large) << "x";
  std::filesystem::resize_file(large, (16 << 20) + 1);
  struct Row {
    std::string file;
    std::string why;
  };
  const Row table[] = {
      {dir.path("none"), dir.path("none") + ": no such file or directory"},
      {dir.path(""), dir.path("") + ": illegal operation on a directory"},
      {large, large + ": file too large"},
  };
  for (const auto& row : table) {
    const auto end = run({"statusd", "--body-file", row.file, "127.0.0.1:0"});
    EXPECT_EQ(end.status, 8);
    EXPECT_EQ(end.err, "statusd: " + row.why + "\n");
  }
}

TEST(Statusd, Routes) {
  Daemon daemon("statusd", {"--route", "/hello=Hello", "--route", "/gone=410:It is gone.\n",
                            "--route", "/a b=blank", "--route", "/=root", "--route", "/none=204:"});
  struct Row {
    const char* path;
    int code;
    const char* body;
  };
  const Row table[] = {
      {"/hello", 200, "Hello"},
      {"/hello?a=b", 200, "Hello"},
      {"/%68ello", 200, "Hello"},
      {"/a%20b", 200, "blank"},
      {"/gone", 410, "It is gone.\n"},
      {"/", 200, "root"},
      {"/none", 204, ""},
      {"/hello/", 404, ""},
      {"/hell", 404, ""},
      {"/HELLO", 404, ""},
      {"/100%", 404, ""},
      {"/livez", 200, "ok\n"},
      {"/readyz", 200, "ok\n"},
  };
  for (const auto& row : table) {
    const auto reply = curl(daemon, row.path);
    EXPECT_EQ(reply.code, row.code) << row.path;
    if (row.code == 404) {
      EXPECT_EQ(std::ranges::count(reply.body, '\n'), 1);
    } else {
      EXPECT_EQ(reply.body, row.body);
    }
  }
}

TEST(Statusd, ElsewhereThanAtTheRoutes) {
  Daemon daemon("statusd", {"--route", "/hello=Hello", "--status", "418", "--body", "other"});
  EXPECT_EQ(curl(daemon, "/hello").body, "Hello");
  EXPECT_EQ(curl(daemon, "/x").code, 418);
  EXPECT_EQ(curl(daemon, "/x").body, "other");
}

TEST(Statusd, ARouteTakesThePlaceOfItsOwnPages) {
  Daemon daemon("statusd", {"--route", "/livez=mine", "--route", "/metrics=500:none"});
  EXPECT_EQ(curl(daemon, "/livez").body, "mine");
  EXPECT_EQ(curl(daemon, "/metrics").code, 500);
}

TEST(Statusd, Methods) {
  Daemon daemon("statusd", {"--route", "/hello=Hello"});
  for (const auto* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    for (const auto* path : {"/hello", "/readyz"}) {
      const auto reply = curl(daemon, path, {"-X", method});
      EXPECT_EQ(reply.code, 405) << method;
      EXPECT_EQ(reply.field("Allow"), "GET, HEAD, OPTIONS");
    }
    EXPECT_EQ(curl(daemon, "/none", {"-X", method}).code, 404) << method;
  }
  EXPECT_EQ(curl(daemon, "/hello", {"-X", "POST", "-d", "a=1"}).code, 405);
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--request-target", "*"}}) {
    auto options = more;
    options.insert(options.end(), {"-X", "OPTIONS"});
    const auto reply = curl(daemon, "/hello", options);
    EXPECT_EQ(reply.code, 204);
    EXPECT_EQ(reply.field("Allow"), "GET, HEAD, OPTIONS");
  }
  const auto head = curl(daemon, "/hello", {"-I"});
  EXPECT_EQ(head.code, 200);
  EXPECT_EQ(head.field("Content-Length"), "5");
  EXPECT_EQ(head.body, "");
}

TEST(Statusd, WrongOptionsAreStatus2) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--status", "100"},     {"--status", "600"},        {"--status", "0200"},
      {"--status", "ok"},      {"--route", "hello=Hello"}, {"--route", "/hello"},
      {"--route", "/a?b=c"},   {"--route", "/%4=x"},       {"--route", "/x=999:y"},
      {"--header", "X"},       {"--header", "X : y"},      {"--header", "Content-Length: 5"},
      {"--header", "X: a\nb"}, {"--content-type", ""},     {"--content-type", "a\nb"},
      {"--fail-rate", "2"},    {"--latency", "2s..1s"},    {"--latency", "x"},
      {"--delay", "x"},        {"--lame-duck", "-1s"},
  };
  for (const auto& arguments : wrong) {
    SCOPED_TRACE(arguments[1]);
    const auto end = run({"statusd", arguments[0], arguments[1], "127.0.0.1:0"});
    EXPECT_EQ(end.status, 2);
    EXPECT_THAT(end.err, MatchesRegex("statusd: " + arguments[0] + ": [^\n]+\n"));
    EXPECT_EQ(end.out, "");
  }
  EXPECT_EQ(run({"statusd", "--body", "x", "--body-file", "-"}).err,
            "statusd: --body and --body-file cannot be combined\n");
  EXPECT_EQ(
      run({"statusd", "--allow-origin", "*", "--header", "access-control-allow-origin: x"}).err,
      "statusd: --allow-origin and --header access-control-allow-origin cannot be combined\n");
  for (const char* option : {"--check-every", "--check-timeout"})
    EXPECT_EQ(run({"statusd", option, "1s"}).err,
              "statusd: " + std::string(option) + " requires --check\n");
  EXPECT_EQ(run({"statusd", "--echo", "--content-type", "text/html"}).err,
            "statusd: --content-type: /echo is always application/json\n");
  EXPECT_THAT(run({"statusd", "--route", "/x=1", "--route", "/%78=2"}).err,
              HasSubstr("--route: '/%78' is given twice"));
}

// --- what is written down ---

TEST(Statusd, AccessLog) {
  Daemon daemon("statusd", {"-q", "--access-log"}, {.env = {"TZ=UTC0"}});
  (void)curl(daemon, "/?a=1");
  (void)curl(daemon, "/", {"-I"});
  (void)curl(daemon, "/\"q\\", {"-X", "POST", "--http1.0"});
  auto raw = daemon.connect();
  raw.send("GET /\x1b[2J HTTP/1.1\r\n\r\n");
  (void)raw.rest();
  auto large = daemon.connect();
  large.send("GET /large HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
  (void)large.rest();
  const std::string when = "127\\.0\\.0\\.1 - - \\[[0-9]+/[A-Z][a-z]+/[0-9]+:[0-9:]+ \\+0000\\] ";
  EXPECT_THAT(daemon.err.line(), MatchesRegex(when + "\"GET /\\?a=1 HTTP/1\\.1\" 200 15"));
  EXPECT_THAT(daemon.err.line(), MatchesRegex(when + "\"HEAD / HTTP/1\\.1\" 200 -"));
  EXPECT_THAT(daemon.err.line(),
              MatchesRegex(when + "\"POST /\\\\x22q\\\\x5C HTTP/1\\.0\" 405 [0-9]+"));
  EXPECT_THAT(daemon.err.line(), MatchesRegex(when + "\"-\" 400 [0-9]+"));
  EXPECT_THAT(daemon.err.line(), MatchesRegex(when + "\"GET /large HTTP/1\\.1\" 413 [0-9]+"));
  EXPECT_EQ(daemon.out.rest(), "");
}

TEST(Statusd, AccessLogOfAClientThatHasLeft) {
  Daemon daemon("statusd", {"-q", "--access-log", "--latency", "1h"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1"));
  wait_until("the request", [&] {
    return curl(daemon, "/metrics").body.find("_in_flight 2") != std::string::npos;
  });
  client.reset();
  EXPECT_THAT(line_with(daemon.err, " 499 "), StartsWith("127.0.0.1 - - ["));
}

TEST(Statusd, AccessLogOfALocalClientHasNoHost) {
  const TempDir dir;
  Daemon daemon("statusd", {"-q", "--access-log", "unix:" + dir.path("socket")});
  auto client = connect_unix(dir.path("socket"));
  client.send(request("GET / HTTP/1.1"));
  (void)next_reply(client);
  EXPECT_THAT(daemon.err.line(), StartsWith("- - - ["));
}

TEST(Statusd, NoAccessLogUnlessAskedFor) {
  Daemon daemon("statusd", {"-q"});
  (void)curl(daemon, "/");
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(daemon.err.rest(), "");
}

// Whether Prometheus can read them is for its own client library to say.
TEST(Statusd, Metrics) {
  Daemon daemon("statusd", {"--route", "/hello=Hello"});
  for (int i = 0; i < 3; ++i) (void)curl(daemon, "/hello");
  (void)curl(daemon, "/none");
  const auto reply = curl(daemon, "/metrics");
  EXPECT_EQ(reply.field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  const auto end =
      run({"/usr/bin/python3", "-c",
           "import sys\n"
           "from prometheus_client.parser import text_string_to_metric_families as families\n"
           "for f in families(sys.stdin.read()):\n"
           "  for s in f.samples: print(f.type, s.name, s.labels.get('code', ''), s.value)\n"},
          reply.body);
  EXPECT_THAT(end.out, HasSubstr("counter statusd_requests_total 200 3.0\n")) << end.err;
  EXPECT_THAT(end.out, HasSubstr("counter statusd_requests_total 404 1.0\n"));
  EXPECT_THAT(end.out, HasSubstr("gauge statusd_ready  1.0\n"));
  EXPECT_THAT(end.out, MatchesRegex("(.*\n)*gauge process_start_time_seconds  [0-9.e+]+\n(.*\n)*"));
}

TEST(Statusd, ARefusedRequestHurtsNobodyElse) {
  Daemon daemon("statusd");
  for (int i = 0; i < 3; ++i) {
    auto bad = daemon.connect();
    bad.send(request("GET / HTTP/1.1", "A : b\r\n") + request("GET / HTTP/1.1"));
    const auto reply = next_reply(bad);
    EXPECT_EQ(reply.code, 400);
    EXPECT_EQ(reply.field("Connection"), "close");
    EXPECT_EQ(bad.rest(), "");
    EXPECT_EQ(curl(daemon, "/").code, 200);
  }
}

// --- load ---

TEST(StatusdLoad, AbLosesNoRequestAndLeavesNoDescriptor) {
  Daemon daemon("statusd", {"--route", "/hello=Hello"});
  (void)curl(daemon, "/hello");
  const auto before = descriptors_without_clients(daemon);
  for (const auto* keep_alive : {"", "-k"}) expect_ab(daemon, "/hello", 1000, 100, keep_alive);
  EXPECT_EQ(descriptors_without_clients(daemon), before);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(StatusdLoad, WrkSeesNoError) {
  Daemon daemon("statusd");
  expect_wrk(daemon, "/");
}

TEST(StatusdLoad, ThreadsServeAndCountTogether) {
  const TempDir dir;
  const auto log = dir.path("log");
  Daemon daemon("statusd", {"-q", "--threads", "2", "--access-log", "--latency", "0..2ms"},
                {.err = Stdio::file(log)});
  expect_ab(daemon, "/", 1000, 50);
  EXPECT_THAT(curl(daemon, "/metrics").body, HasSubstr("_total{code=\"200\"} 1000\n"));
  expect_wrk(daemon, "/livez");
  EXPECT_EQ(daemon.stop(), 0);
  std::istringstream lines(read_file(log));
  const std::string any =
      "127\\.0\\.0\\.1 - - \\[[^]]+\\] \"GET /[a-z]* HTTP/1\\.[01]\" 200 [0-9]+";
  int n = 0;
  for (std::string line; std::getline(lines, line) && n < 3000; ++n)
    ASSERT_THAT(line, MatchesRegex(any));
  EXPECT_GT(n, 1000);
}

}  // namespace
}  // namespace e2e
