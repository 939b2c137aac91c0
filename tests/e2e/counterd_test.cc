// What counterd promises whatever its store is: the URLs and their answers, to the real curl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "counterd.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(Counterd, ThreeUrlsOfTheTutorialByteForByte) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/set?name=x&val=0"), "ok\n");
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 0\n");
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 1\n");
  const Reply unknown = counterd.ask("/get?name=y");
  EXPECT_EQ(unknown.code, 404);
  EXPECT_EQ(unknown.body, "y not found\n");
}

TEST(Counterd, EveryOtherUrl) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/inc?name=x&by=-7&return=new"), "x: -7\n");
  EXPECT_EQ(counterd.body("/reset?name=x"), "x: -7\n");
  EXPECT_EQ(counterd.body("/cas?name=x&old=0&new=9223372036854775807"), "ok\n");
  for (const char* refused : {"/inc?name=x", "/cas?name=x&old=0&new=1"})
    EXPECT_EQ(counterd.ask(refused).code, 409);
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 9223372036854775807\n");
  EXPECT_EQ(counterd.body("/delete?name=x"), "ok\n");
  EXPECT_EQ(counterd.ask("/delete?name=x").code, 404);
}

TEST(Counterd, NamesAreUtf8) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/inc", {"--data-urlencode", "name=Привет, \"мир\""}), "ok\n");
  EXPECT_EQ(counterd.body("/list"), "Привет, \"мир\": 1\n");
  EXPECT_EQ(counterd.ask("/inc?name=a%0Ab").body, "name has a control character\n");
}

TEST(Counterd, ANameMeansTheSameHoweverItIsSent) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/inc?name=é&return=new"), "é: 1\n");
  EXPECT_EQ(counterd.body("/inc?name=%C3%A9&return=new"), "é: 2\n");
  EXPECT_EQ(counterd.body("/inc?return=new", {"-d", "name=é"}), "é: 3\n");
  EXPECT_EQ(counterd.body("/inc?return=new", {"--data-urlencode", "name=é"}), "é: 4\n");
}

TEST(Counterd, ParametersInAForm) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/inc", {"-d", "name=jobs"}), "ok\n");
  EXPECT_EQ(counterd.body("/inc?name=jobs", {"-d", ""}), "ok\n");
  EXPECT_EQ(counterd.body("/inc", {"-d", "name=jobs", "-d", "return=new"}), "jobs: 3\n");
}

TEST(Counterd, NothingButAnAcknowledgedChangeChangesAnything) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/set?name=x&val=5"), "ok\n");
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-I"}).code, 200);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-H", "Sec-Purpose: prefetch"}).code, 403);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-H", "Purpose: prefetch"}).code, 403);
  EXPECT_EQ(counterd.ask("/inc?name=x&bye=7").code, 400);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-X", "DELETE"}).code, 405);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-X", "OPTIONS"}).code, 204);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"--json", "[]"}).code, 400);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-H", "Content-Type: text/plain", "-d", "x"}).code, 415);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-H", "Content-Encoding: gzip", "-d", "by=1"}).code, 415);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-H", "Sec-Fetch-Site: cross-site"}).code, 403);
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-H", "Host: evil.example"}).code, 403);
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 5\n");
}

// RFC 9110, 8.6: the length that GET would send, or none.
TEST(Counterd, HeadOfAChangeAnnouncesNoLength) {
  const Counterd counterd({"--start", "x=5"});
  for (const char* url : {"/inc?name=x&return=new", "/set?name=x&val=1", "/reset?name=x",
                          "/delete?name=x", "/cas?name=x&old=1&new=2", "/inc?name=y&create=0"}) {
    const Reply head = counterd.ask(url, {"-I"});
    EXPECT_EQ(head.code, 200) << url;
    EXPECT_EQ(head.field("Content-Length"), "") << url;
  }
  EXPECT_EQ(counterd.ask("/inc?name=x&format=json", {"-I"}).field("Content-Type"),
            "application/json");
  EXPECT_EQ(counterd.body("/list"), "x: 5\n");
}

TEST(Counterd, APageOfAnotherSiteChangesNothing) {
  const Counterd counterd({"--allow-origin", "https://app.example"});
  EXPECT_EQ(counterd.body("/set?name=x&val=5"), "ok\n");
  const std::vector<std::string> cross{"-H", "Sec-Fetch-Site: cross-site"};
  for (const std::string url : {"/inc?name=x", "/set?name=x&val=1", "/reset?name=x",
                                "/delete?name=x", "/cas?name=x&old=5&new=6"}) {
    EXPECT_EQ(counterd.ask(url, cross).code, 403) << url;
    for (const auto* method : {"POST", "HEAD"})
      EXPECT_EQ(counterd.ask(url, {cross[0], cross[1], method[0] == 'H' ? "-I" : "-XPOST"}).code,
                403)
          << method << " " << url;
  }
  EXPECT_EQ(counterd.body("/get?name=x", cross), "x: 5\n");
  EXPECT_EQ(counterd.body("/inc?name=x&return=new", {"-H", "Sec-Fetch-Site: same-origin"}),
            "x: 6\n");
  EXPECT_EQ(counterd.body("/inc?name=x&return=new",
                          {cross[0], cross[1], "-H", "Origin: https://app.example"}),
            "x: 7\n");
  EXPECT_EQ(
      counterd.ask("/inc?name=x", {cross[0], cross[1], "-H", "Origin: https://b.example"}).code,
      403);
}

TEST(Counterd, StrictMethodsWantPost) {
  const Counterd counterd({"--strict-methods"});
  const Reply get = counterd.ask("/set?name=x&val=1");
  EXPECT_EQ(get.code, 405);
  EXPECT_EQ(get.field("Allow"), "POST, OPTIONS");
  EXPECT_EQ(counterd.body("/set?name=x&val=1", {"-d", ""}), "ok\n");
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 1\n");
}

TEST(Counterd, NoAnswerMayBeCached) {
  const Counterd counterd;
  for (const char* target :
       {"/inc?name=x", "/get?name=x", "/get?name=y", "/list", "/metrics", "/get?nam=x", "/nowhere"})
    EXPECT_EQ(counterd.ask(target).field("Cache-Control"), "no-store") << target;
}

TEST(Counterd, JsonByParameterOrByAccept) {
  const Counterd counterd;
  const std::string x = R"(\{"name":"x","value":3,"changed":[0-9]+\.[0-9]{3}\})";
  const std::vector<std::string> accept{"-H", "Accept: application/json"};
  EXPECT_THAT(counterd.body("/set?name=x&val=3", accept), MatchesRegex(x + "\n"));
  const Reply answer = counterd.ask("/get?name=x&format=json");
  EXPECT_EQ(answer.field("Content-Type"), "application/json");
  EXPECT_THAT(answer.body, MatchesRegex(x + "\n"));
  EXPECT_EQ(counterd.ask("/get?name=y", accept).body, "{\"error\":\"y not found\"}\n");
  EXPECT_EQ(counterd.body("/set?name=y&val=1&ttl=1h"), "ok\n");
  EXPECT_THAT(counterd.body("/list", accept), MatchesRegex("\\[\n" + x + R"(,
\{"name":"y","value":1,"changed":[0-9.]+,"expires":[0-9.]+\}
\]
)"));
}

TEST(Counterd, ListsByPrefix) {
  const Counterd counterd({"--start", "b/2=2", "--start", "a=0", "--start", "b/10=10"});
  EXPECT_EQ(counterd.body("/list"), "a: 0\nb/10: 10\nb/2: 2\n");
  EXPECT_EQ(counterd.body("/list?prefix=b/"), "b/10: 10\nb/2: 2\n");
  EXPECT_EQ(counterd.body("/list?prefix=c"), "");
}

TEST(Counterd, MetricsEscapeNames) {
  const Counterd counterd({"--start", "x=1", "--start", "\"\\=-2"});
  const Reply answer = counterd.ask("/metrics");
  EXPECT_EQ(answer.field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("# TYPE counterd_value gauge\n"
                                     "counterd_value{name=\"\\\"\\\\\"} -2\n"
                                     "counterd_value{name=\"x\"} 1\n"));
  const std::string metric = "counterd_last_change_timestamp_seconds";
  EXPECT_THAT(answer.body,
              HasSubstr("# TYPE " + metric + " gauge\n" + metric + "{name=\"\\\"\\\\"));
  EXPECT_THAT(answer.body.substr(answer.body.rfind(metric + "{")),
              MatchesRegex(metric + R"(\{name="x"\} [0-9]{10}\.[0-9]{3}
)"));
}

TEST(Counterd, TimeToLive) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/inc?name=x&ttl=300ms&return=new"), "x: 1\n");
  EXPECT_EQ(counterd.body("/inc?name=y&ttl=1h&return=new"), "y: 1\n");
  wait_until("x to expire", [&] { return counterd.ask("/get?name=x").code == 404; });
  EXPECT_EQ(counterd.body("/list"), "y: 1\n");
  EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 1\n");
}

TEST(Counterd, MaxCounters) {
  const Counterd counterd({"--max-counters", "1"});
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  EXPECT_EQ(counterd.ask("/inc?name=y").code, 507);
  EXPECT_EQ(counterd.ask("/set?name=y&val=1").code, 507);
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  EXPECT_EQ(counterd.body("/delete?name=x"), "ok\n");
  EXPECT_EQ(counterd.body("/inc?name=y"), "ok\n");
}

// ---- import, export, start ----

TEST(CounterdImport, TakesWhatTheListSays) {
  const TempDir dir;
  std::string list;
  {
    const Counterd counterd({"--start", "x=-5"});
    EXPECT_EQ(counterd.body("/inc", {"--data-urlencode", "name=\"Ж\\", "-d", "ttl=1h"}), "ok\n");
    list = counterd.body("/list?format=json");
  }
  const std::string file = dir.file("list.json", list);
  const Outcome printed = run({"counterd", "--import", file, "--export"});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_EQ(printed.out, list);
  const Outcome piped = run({"counterd", "--import", "-", "--export"}, list, {.in = Stdio::pipe()});
  EXPECT_EQ(piped.out, list);
  const Counterd counterd({"--import", file, "--start", "x=7", "--start", "y=7"});
  EXPECT_EQ(counterd.body("/list"), "\"Ж\\: 1\nx: -5\ny: 7\n");
}

// Descriptor 0 itself: a file from where it stands, a socket.
TEST(CounterdImport, TakesStandardInputAsItIs) {
  const TempDir dir;
  const std::string list = R"([{"name":"x","value":7,"changed":1.000}])";
  const std::string file = dir.file("list.json", "a line\n" + list);
  Outcome outcome = shell("{ read line; counterd --import - --export; } < " + file);
  EXPECT_EQ(outcome.out, "[\n" + list.substr(1, list.size() - 2) + "\n]\n") << outcome.err;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Fd in(ends[0]);
  {
    const Fd writer(ends[1]);
    ASSERT_EQ(write(writer.get(), list.data(), list.size()), static_cast<ssize_t>(list.size()));
  }
  EXPECT_EQ(run({"counterd", "--import", "-", "--export"}, "", {.in = Stdio::fd(in)}).out,
            outcome.out);
}

TEST(CounterdImport, SaysWhatIsWrong) {
  const TempDir dir;
  const std::string wrong = dir.file("wrong.json", "[\n{\"name\":\"x\"}]\n");
  Outcome outcome = run({"counterd", "--import", wrong, "127.0.0.1:0"});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "counterd: " + wrong + ": line 2: a counter has no \"value\"\n");
  outcome = run({"counterd", "--import", dir.path("none"), "127.0.0.1:0"});
  EXPECT_EQ(outcome.status, 8);
  outcome = run({"counterd", "--import", dir.path(""), "127.0.0.1:0"});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "counterd: " + dir.path("") + ": illegal operation on a directory\n");
  outcome = run({"counterd", "--import", "/dev/zero", "127.0.0.1:0"});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "counterd: /dev/zero: line 1: '[' is expected\n");
  outcome = run({"counterd", "--import", "-", "127.0.0.1:0"}, "[", {.in = Stdio::pipe()});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "counterd: stdin: line 1: '{' is expected\n");
  const std::string two =
      dir.file("two.json", R"([{"name":"x","value":1},{"name":"y","value":1}])");
  outcome = run({"counterd", "--import", two, "--max-counters", "1", "127.0.0.1:0"});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "counterd: y: would exceed --max-counters\n");
}

TEST(CounterdExport, SaysThatItCannotBeWritten) {
  const Outcome outcome =
      run({"counterd", "--start", "x=1", "--export"}, "", {.out = Stdio::file("/dev/full")});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "counterd: stdout: no space left on device\n");
}

TEST(CounterdExport, EndsSilentlyWithItsReader) {
  const Outcome outcome = shell(
      "set -o pipefail; counterd --import <(seq -f '{\"name\":\"%.0f\",\"value\":1},' 50000 |"
      " sed '1s/^/[/; $s/,$/]/') --export | head -1");
  EXPECT_EQ(outcome.out, "[\n");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.status, 141);
}

TEST(CounterdOptions, AreChecked) {
  const std::pair<std::vector<std::string>, std::string> table[] = {
      {{"--store", "momory"},
       "--store: 'momory' is not a store (use memory, FILE.db or redis://HOST:PORT)"},
      {{"--store", "rediss://:secret@h"}, "--store: Redis over TLS (rediss:) is not supported"},
      {{"--store", "sqlite:x.db"},
       "--store: 'sqlite:' is not a store (use memory, FILE.db or redis://HOST:PORT)"},
      {{"--store", "file:///tmp/x.db"},
       "--store: 'file:' is not a store (use memory, FILE.db or redis://HOST:PORT)"},
      {{"--token-file", ""}, "--token-file: must not be empty"},
      {{"--start", "x"}, "--start: 'x' is not NAME=VALUE"},
      {{"--start", "x=y"}, "--start: 'x=y': the value is not a 64-bit integer"},
      {{"--start", "=1"}, "--start: name is empty"},
      {{"--max-counters", "0"},
       "--max-counters: '0' is not a number from 1 to 18446744073709551615"},
      {{"--token-file", "-", "--import", "-"},
       "--token-file, --redis-password-file and --import cannot share standard input"},
      {{"--redis-password-file", "-"},
       "--redis-password-file requires a store in Redis (see --store)"}};
  for (const auto& [options, why] : table) {
    std::vector<std::string> argv{"counterd", "127.0.0.1:0"};
    argv.insert(argv.end(), options.begin(), options.end());
    const Outcome outcome = run(argv);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err, "counterd: " + why + "\n");
  }
}

// ---- many counters ----

constexpr int kMany = 20'000;
constexpr int kOwnLabels = 2;  // of counterd_requests_total and counterd_build_info

std::string many() {
  std::string json = "[";
  for (int i = 0; i < kMany; ++i)
    json += (i > 0 ? "," : "") + std::string("{\"name\":\"counter/") + std::to_string(100'000 + i) +
            "\",\"value\":" + std::to_string(i) + "}";
  return json + "]";
}

TEST(CounterdLists, AreWatchedByALimitedNumber) {
  const Counterd counterd;
  std::vector<Socket> watchers;
  for (int i = 0; i < 64; ++i) {
    watchers.push_back(counterd.connect());
    watchers.back().send("GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(watchers.back().take_until("ready"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  const Reply refused = counterd.ask("/watch");
  EXPECT_EQ(refused.code, 503);
  EXPECT_EQ(refused.body, "too many clients are watching\n");
  EXPECT_EQ(refused.field("Retry-After"), "1");
}

TEST(CounterdLists, GoOutInPieces) {
  const TempDir dir;
  const Counterd counterd({"--import", dir.file("many.json", many())});
  const Reply list = counterd.ask("/list");
  EXPECT_EQ(list.field("Transfer-Encoding"), "chunked");
  EXPECT_EQ(std::count(list.body.begin(), list.body.end(), '\n'), kMany);
  EXPECT_THAT(list.body, StartsWith("counter/100000: 0\ncounter/100001: 1\n"));
  const std::string metrics = counterd.body("/metrics");
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '{'), 2 * kMany + kOwnLabels);
  const std::string file = dir.file("list.json", counterd.body("/list?format=json"));
  const Outcome parsed =
      run({"python3", "-c", "import json, sys; print(len(json.load(open(sys.argv[1]))))", file});
  EXPECT_EQ(parsed.out, std::to_string(kMany) + "\n");
}

TEST(CounterdLists, WhoDoesNotReadOneHoldsUpNobody) {
  const TempDir dir;
  const Counterd counterd({"--import", dir.file("many.json", many())});
  Socket sleeper = counterd.connect({.narrow = true});
  sleeper.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(sleeper.take_until("\r\n").substr(0, 12), "HTTP/1.1 200");
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 1\n");
}

}  // namespace
}  // namespace e2e
