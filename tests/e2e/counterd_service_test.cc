// counterd beside its commands: health, the live page, events, backups, StatsD, what comes first.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "counterd.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

// ---- requests ----

TEST(CounterdRequests, SeveralNamesAreOneChange) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/inc?name=a&name=b&return=new"), "a: 1\nb: 1\n");
  EXPECT_EQ(counterd.body("/set?name=b&val=9223372036854775807"), "ok\n");
  EXPECT_EQ(counterd.ask("/inc?name=a&name=b").body,
            "b is 9223372036854775807: the sum does not fit 64 bits\n");
  EXPECT_EQ(counterd.body("/get?name=b&name=a"), "b: 9223372036854775807\na: 1\n");
  EXPECT_EQ(counterd.ask("/get?name=a&name=c").body, "c not found\n");
  EXPECT_THAT(counterd.body("/reset", {"--json", R"({"name":["a","b"]})"}), MatchesRegex(R"(\[
\{"name":"a","value":1,"changed":[0-9.]+\},
\{"name":"b","value":9223372036854775807,"changed":[0-9.]+\}
\]
)"));
}

TEST(CounterdRequests, BoundsAndCreation) {
  const Counterd counterd;
  EXPECT_EQ(counterd.ask("/inc?name=x&create=0").code, 404);
  EXPECT_EQ(counterd.body("/inc?name=x&by=3&max=3&return=new"), "x: 3\n");
  const Reply full = counterd.ask("/inc?name=x&max=3&min=0");
  EXPECT_EQ(full.code, 409);
  EXPECT_EQ(full.body, "x is 3: the sum is out of bounds (min 0, max 3)\n");
  EXPECT_EQ(full.field("Retry-After"), "");
  EXPECT_EQ(counterd.body("/inc?name=x&by=7&max=5&overflow=saturate&return=new"), "x: 5\n");
}

TEST(CounterdRequests, ATokenCountsOnce) {
  const TempDir dir;
  const std::vector<std::string> options{"-q", "--store", dir.path("c.db")};
  {
    Counterd counterd(options);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(counterd.body("/inc?name=x&op=7c1e&return=new"), "x: 1\n");
    EXPECT_EQ(counterd.ask("/inc?name=y&op=7c1e").code, 409);
    counterd.signal(SIGKILL);
    EXPECT_EQ(counterd.wait(), 128 + SIGKILL);
  }
  const Counterd counterd(options);
  EXPECT_EQ(counterd.body("/inc?name=x&op=7c1e&return=new"), "x: 1\n");
  EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 2\n");
}

// From its last change to its end.
double lifetime(const std::string& json) {
  const auto number = [&](const std::string& field) {
    return std::stod(json.substr(json.find(field) + field.size()));
  };
  return number("\"expires\":") - number("\"changed\":");
}

TEST(CounterdRequests, ATimeToLiveIsRenewed) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/set?name=x&val=1&ttl=41d"), "ok\n");
  EXPECT_EQ(counterd.body("/inc?name=brief&ttl=60s"), "ok\n");
  EXPECT_EQ(counterd.body("/inc?name=brief&ttl=1h,renew"), "ok\n");
  EXPECT_NEAR(lifetime(counterd.body("/get?name=x&format=json")), 41 * 86'400, 0.01);
  EXPECT_NEAR(lifetime(counterd.body("/get?name=brief&format=json")), 3'600, 0.01);
}

TEST(CounterdRequests, ListsArePaged) {
  const Counterd counterd({"--start", "a=1", "--start", "b=2", "--start", "c=3", "--start", "d=4"});
  EXPECT_EQ(counterd.body("/list?limit=2"), "a: 1\nb: 2\n");
  EXPECT_EQ(counterd.body("/list?limit=2&after=b"), "c: 3\nd: 4\n");
  EXPECT_EQ(counterd.body("/list?after=d"), "");
  EXPECT_THAT(counterd.body("/metrics?prefix=b"), HasSubstr("counterd_value{name=\"b\"} 2\n"));
  EXPECT_THAT(counterd.body("/metrics?prefix=b"), Not(HasSubstr("name=\"a\"")));
}

TEST(CounterdRequests, APathIsDecoded) {
  const Counterd counterd;
  EXPECT_EQ(counterd.body("/%69nc?name=x"), "ok\n");
  EXPECT_EQ(counterd.ask("/%2Finc?name=x").code, 404);
}

// ---- monitoring ----

TEST(CounterdHealth, IsAskedForWithGetHeadAndOptions) {
  const Counterd counterd;
  for (const char* target : {"/", "/livez", "/readyz", "/metrics"}) {
    EXPECT_EQ(counterd.ask(target).code, 200) << target;
    EXPECT_EQ(counterd.ask(target, {"-I"}).code, 200) << target;
    EXPECT_EQ(counterd.ask(target, {"-X", "OPTIONS"}).code, 204) << target;
  }
  EXPECT_THAT(counterd.body("/"), HasSubstr("/inc?name=NAME\n"));
  EXPECT_EQ(counterd.ask("/inc", {"-X", "OPTIONS"}).field("Allow"), "GET, HEAD, POST, OPTIONS");
}

TEST(CounterdHealth, IsTheStores) {
  const TempDir dir;
  const Counterd counterd({"-q", "--store", dir.path("c.db")});
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  EXPECT_EQ(counterd.ask("/readyz").code, 200);
  std::filesystem::rename(dir.path("c.db"), dir.path("moved.db"));
  const Reply reply = counterd.ask("/readyz");
  EXPECT_EQ(reply.code, 503);
  EXPECT_EQ(reply.body, "the store is unavailable: its file has been moved or removed\n");
  EXPECT_EQ(counterd.ask("/readyz", {"-X", "OPTIONS"}).code, 503);
  EXPECT_EQ(counterd.ask("/livez").code, 200);
  EXPECT_THAT(counterd.body("/metrics"), HasSubstr("counterd_store_up 0\n"));
}

TEST(CounterdHealth, MetricsPassPrometheus) {
  if (!installed("promtool")) GTEST_SKIP() << "promtool is not installed (package prometheus)";
  const TempDir dir;
  const Counterd counterd({"--store", dir.path("c.db"), "--statsd", "127.0.0.1:0"});
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
  EXPECT_EQ(
      run({"sqlite3", dir.path("c.db"), "insert into counters values('old',1,-500,null)"}).status,
      0);
  EXPECT_EQ(counterd.body("/inc?name=\"\\"), "ok\n");
  const Outcome checked =
      run({"promtool", "check", "metrics"}, counterd.body("/metrics"), {.in = Stdio::pipe()});
  EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
}

TEST(CounterdHealth, OpenMetricsByAccept) {
  const Counterd counterd({"--start", "x=1"});
  const std::vector<std::string> accept{
      "-H", "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5"};
  const Reply reply = counterd.ask("/metrics", accept);
  EXPECT_EQ(reply.field("Content-Type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_THAT(reply.body, testing::EndsWith("\n# EOF\n"));
  const std::string parse =
      "from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse\n"
      "import sys\n"
      "print(sum(len(f.samples) for f in parse(sys.stdin.read()) if f.name == 'counterd_value'))";
  const Outcome parsed = run({"/usr/bin/python3", "-c", parse}, reply.body, {.in = Stdio::pipe()});
  EXPECT_EQ(parsed.out, "1\n") << parsed.err << reply.body;
}

// ---- events ----

std::string next_event(Channel& stream) {
  std::string event;
  while (event.empty() || event[0] == ':' || event.starts_with("retry:"))
    event = stream.take_until("\n\n");
  return event;
}

TEST(CounterdWatch, TellsOfEveryChange) {
  const Counterd counterd({"--start", "a/x=1", "--start", "b=1"});
  Process watcher({"curl", "-qsN", "--noproxy", "*", url(counterd, "/watch?prefix=a/")});
  EXPECT_THAT(next_event(watcher.out), StartsWith("data: {\"name\":\"a/x\",\"value\":1,"));
  EXPECT_EQ(next_event(watcher.out), "event: ready\ndata: {\"more\":false}\n\n");
  EXPECT_EQ(counterd.body("/inc?name=b"), "ok\n");
  EXPECT_EQ(counterd.body("/inc?name=a/y&by=5"), "ok\n");
  EXPECT_THAT(next_event(watcher.out), StartsWith("data: {\"name\":\"a/y\",\"value\":5,"));
  EXPECT_EQ(counterd.body("/delete?name=a/x"), "ok\n");
  EXPECT_EQ(next_event(watcher.out), "event: gone\ndata: {\"name\":\"a/x\"}\n\n");
}

TEST(CounterdWatch, IsBounded) {
  const Counterd counterd({"--start", "a=1", "--start", "b=1", "--start", "c=1"});
  Process watcher({"curl", "-qsN", "--noproxy", "*", url(counterd, "/watch?limit=2")});
  EXPECT_THAT(next_event(watcher.out), HasSubstr("\"a\""));
  EXPECT_THAT(next_event(watcher.out), HasSubstr("\"b\""));
  EXPECT_EQ(next_event(watcher.out), "event: ready\ndata: {\"more\":true}\n\n");
}

TEST(CounterdWatch, NoticesThatAClientHasLeft) {
  const Counterd counterd;
  {
    auto watcher = counterd.connect();
    watcher.send(request("GET /watch HTTP/1.1"));
    EXPECT_THAT(watcher.take_until("ready"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  wait_until("its end", [&] {
    return counterd.body("/metrics").find("counterd_connections 1\n") != std::string::npos;
  });
}

TEST(CounterdWatch, DoesNotHoldTheDrain) {
  Counterd counterd({"--drain", "60s"});
  Process watcher({"curl", "-qsN", "--noproxy", "*", url(counterd, "/watch")});
  EXPECT_THAT(next_event(watcher.out), HasSubstr("ready"));
  EXPECT_EQ(counterd.stop(), 0);
  EXPECT_EQ(watcher.wait(), 0) << "the body has its end";
}

// ---- the page ----

TEST(CounterdPage, LoadsNothingFromElsewhere) {
  const Counterd counterd;
  const Reply page = counterd.ask("/", {"-H", "Accept: text/html,*/*;q=0.8"});
  EXPECT_EQ(page.field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.field("Content-Security-Policy"), StartsWith("default-src 'none'"));
  EXPECT_THAT(page.body, HasSubstr("new EventSource("));
  for (const char* elsewhere : {"src=", "//cdn", "https://", "@import"})
    EXPECT_THAT(page.body, Not(HasSubstr(elsewhere)));
  EXPECT_LT(std::count(page.body.begin(), page.body.end(), '\n'), 150);
}

TEST(CounterdPage, ShowsCountersInChromium) {
  const std::string browser = installed("chromium") ? "chromium" : "google-chrome";
  if (!installed(browser)) GTEST_SKIP() << "no chromium";
  const TempDir dir;
  const Counterd counterd({"--start", "<b>&jobs=9007199254740993", "--start", "other=-1"});
  Process chromium({"python3", RENDERED_PAGE, browser, dir.path("profile"), url(counterd, "/"),
                    "aria-live=\"polite\">Live</span>"});
  std::string table = finish(chromium, Millis(90'000)).out;
  table.resize(std::min(table.find("<footer>"), table.size()));
  EXPECT_THAT(table, HasSubstr("&lt;b&gt;&amp;jobs</th>"));
  EXPECT_THAT(table, HasSubstr(">9007199254740993</td>"));
  EXPECT_THAT(table, HasSubstr(">-1</td>"));
}

// ---- backups ----

TEST(CounterdBackup, IsADatabaseOfItsOwn) {
  const TempDir dir;
  const Counterd counterd({"-q", "--store", dir.path("c.db")});
  EXPECT_EQ(counterd.body("/inc?name=x&by=7"), "ok\n");
  const Reply head = counterd.ask("/backup", {"-I"});
  EXPECT_EQ(head.code, 200);
  const std::string copy = dir.path("copy.db");
  EXPECT_EQ(run({"curl", "-qsf", "--noproxy", "*", "-o", copy, url(counterd, "/backup")}).status,
            0);
  EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 8\n");
  const Counterd other({"-q", "--store", copy});
  EXPECT_EQ(other.body("/get?name=x"), "x: 7\n");
}

TEST(CounterdBackup, IsOfAFileAlone) {
  const Counterd counterd;
  EXPECT_EQ(counterd.ask("/backup").code, 404);
}

TEST(CounterdBackup, IsNotPutBesideAnotherLog) {
  const TempDir dir;
  const std::string path = dir.path("c.db");
  {
    Counterd counterd({"-q", "--store", path});
    EXPECT_EQ(counterd.body("/inc?name=x&by=7"), "ok\n");
    EXPECT_EQ(
        run({"curl", "-qsf", "--noproxy", "*", "-o", dir.path("copy.db"), url(counterd, "/backup")})
            .status,
        0);
    EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
    counterd.signal(SIGKILL);
    counterd.wait();
  }
  std::filesystem::copy(dir.path("copy.db"), path,
                        std::filesystem::copy_options::overwrite_existing);
  const Outcome refused = run({"counterd", "--store", path, "127.0.0.1:0"});
  EXPECT_EQ(refused.status, 8);
  EXPECT_EQ(refused.err, "counterd: " + path + ": " + path +
                             "-wal is the log of another file (see counterd(8), Restoring)\n");
  std::filesystem::remove(path + "-wal");
  const Counterd counterd({"-q", "--store", path});
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 7\n");
}

// ---- StatsD ----

TEST(CounterdStatsd, CountsWhatComesOverUdp) {
  Counterd counterd({"--statsd", "127.0.0.1:0", "--max-counters", "3"});
  const int port = port_in(line_with(counterd.err, "receiving StatsD on"));
  const Fd sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto send = [&](const std::string& text) {
    EXPECT_EQ(sendto(sender.get(), text.data(), text.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(text.size()));
  };
  for (int i = 0; i < 100; ++i) send("jobs:1|c\njobs:2|c\n");
  for (const char* text : {"rated:1|c|@0.1\nbad line\ngauge:1|g\n", "last:-1|c"}) send(text);
  wait_until("the last one", [&] { return counterd.ask("/get?name=last").code == 200; });
  EXPECT_EQ(counterd.body("/list"), "jobs: 300\nlast: -1\nrated: 10\n");
  const std::string metrics = counterd.body("/metrics");
  EXPECT_THAT(metrics, HasSubstr("counterd_statsd_lines_total 204\n"));
  EXPECT_THAT(metrics, HasSubstr("counterd_statsd_bad_lines_total 2\n"));
  send("one-too-many:1|c\none-too-many:2|c\none-too-many:1|c");
  const std::string lost = "counterd_statsd_lost_total 3\n";
  wait_until("the lost ones", [&] { return counterd.body("/metrics").find(lost) != lost.npos; });
}

TEST(CounterdStatsd, SaysWhatIsWrongWithItsAddress) {
  const Outcome outcome = run({"counterd", "--statsd", "unix:/tmp/x", "127.0.0.1:0"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "counterd: --statsd: 'unix:/tmp/x': requires a UDP port (HOST:PORT)\n");
  EXPECT_EQ(run({"counterd", "--statsd", "192.0.2.1:1", "127.0.0.1:0"}).status, 7);
}

// ---- what comes first ----

TEST(CounterdHangup, ReadsTheTokenAgain) {
  const TempDir dir;
  const auto file = dir.file("token", "first\n");
  Counterd counterd({"--token-file", file, "--threads", "2"});
  const auto code = [&](const char* token) {
    return counterd.ask("/inc?name=x", {"--oauth2-bearer", token}).code;
  };
  EXPECT_EQ(code("first"), 200);
  dir.file("token", "second\n");
  counterd.signal(SIGHUP);
  wait_until("the new token", [&] { return code("second") == 200; });
  EXPECT_EQ(code("first"), 401);
  std::filesystem::remove(file);
  counterd.signal(SIGHUP);
  EXPECT_THAT(line_with(counterd.err, file), HasSubstr("keeping the previous token"));
  EXPECT_EQ(code("second"), 200);
  EXPECT_EQ(counterd.stop(), 0);
}

TEST(CounterdHangup, WithoutAFileToReadAgainStops) {
  Counterd counterd;
  counterd.signal(SIGHUP);
  EXPECT_EQ(counterd.wait(kPrompt), 0);
}

TEST(CounterdStart, ChangesNothingBeforeItsAddressIsBound) {
  const TempDir dir;
  const std::string path = dir.path("c.db");
  const std::string list = dir.file("list.json", R"([{"name":"x","value":7}])");
  const Counterd other;
  for (const std::string& address :
       {"127.0.0.1:" + other.port_text(), std::string("nosuch.invalid:0")})
    EXPECT_NE(
        run({"counterd", "--store", path, "--import", list, "--start", "y=1", address}).status, 0);
  EXPECT_EQ(run({"counterd", "--store", path, "--export"}).out, "[\n]\n");
}

TEST(CounterdStart, ASignalEndsALongImport) {
  const TempDir dir;
  const std::string list = dir.path("list"), log = dir.path("c.db-wal");
  (void)shell("seq -f '{\"name\":\"%.0f\",\"value\":1},' 300000 | sed '1s/^/[/;$s/,$/]/' > " +
              list);
  Process counterd({"counterd", "--store", dir.path("c.db"), "--import", list, "127.0.0.1:0"});
  wait_until("a part of it", [&] {
    std::error_code none;
    return std::filesystem::exists(log) && std::filesystem::file_size(log, none) > 500'000;
  });
  counterd.signal(SIGTERM);
  EXPECT_EQ(counterd.wait(), 8);
  EXPECT_THAT(counterd.err.rest(), HasSubstr("--import: stopped by a signal"));
}

TEST(CounterdFileLimits, AFileThatMayNotGrowIsFull) {
  const TempDir dir;
  const std::string path = dir.path("c.db");
  const std::string script = R"sh(
    coproc counterd -q --print-port --store "$1" 127.0.0.1:0
    read -r port <&"${COPROC[0]}"
    prlimit --pid $COPROC_PID --fsize=40000:unlimited
    padding=$(head -c 200 /dev/zero | tr '\0' x)
    curl -qs -o /dev/null --fail --fail-early -w '%{http_code}\n' --noproxy '*' \
      "http://127.0.0.1:$port/inc?name=n[1-500]-$padding" | tail -n 1
    prlimit --pid $COPROC_PID --fsize=unlimited
    curl -qs --noproxy '*' "http://127.0.0.1:$port/inc?name=x"
    kill $COPROC_PID && wait $COPROC_PID)sh";
  const Outcome outcome = shell("set -- " + path + script);
  EXPECT_EQ(outcome.out, "507\nok\n") << outcome.err;
}

// One counter on a small disk: the log is cut before it is said to be full.
TEST(CounterdFileLimits, ALogIsCutBeforeTheDiskIsFull) {
  if (shell("unshare -rm mount -t tmpfs none /mnt").status != 0)
    GTEST_SKIP() << "no mount in a namespace of one's own";
  const TempDir dir;
  const std::string script = dir.file("script", R"(
    mount -t tmpfs -o size=400k none "$1" || exit 1
    coproc counterd -q --print-port --store "$1/counters.db" 127.0.0.1:0
    daemon=$COPROC_PID
    read -r port <&"${COPROC[0]}"
    ab -q -k -n 1000 -c 1 "http://127.0.0.1:$port/inc?name=x" > "$1.ab" 2>&1
    curl -qs --noproxy '*' "http://127.0.0.1:$port/get?name=x"
    kill $daemon && wait $daemon)");
  std::filesystem::create_directory(dir.path("disk"));
  const Outcome outcome = shell("unshare -rm bash " + script + " " + dir.path("disk"));
  EXPECT_EQ(outcome.out, "x: 1000\n") << outcome.err;
}

}  // namespace
}  // namespace e2e
