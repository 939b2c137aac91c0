// netcat's exit status: the table, and the one line on stderr that goes with each failure.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

void expect_failure(const Outcome& end, int status, const std::string& message) {
  EXPECT_EQ(end.status, status);
  EXPECT_EQ(end.out, "");
  EXPECT_EQ(end.err, "netcat: " + message + "\n");
}

// One line, whatever it says.
void expect_one_line(const Outcome& end, int status) {
  EXPECT_EQ(end.status, status);
  EXPECT_EQ(end.out, "");
  EXPECT_THAT(end.err, MatchesRegex("netcat: [^\n]+\n"));
}

TEST(NetcatStatus, Is0WhenBothDirectionsAreComplete) {
  Session s({}, {.in = Stdio::null()});
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out + end.err, "");
}

TEST(NetcatStatus, Is1WhenTheConnectionIsLost) {
  Session s;
  s.netcat.in.send("a\n");
  EXPECT_EQ(s.peer.line(), "a");
  s.peer.reset();
  expect_failure(finish(s.netcat), 1, s.place() + ": connection reset by peer");
}

TEST(NetcatStatus, SaysWhenThereAreTooFewDescriptors) {
  Listener gone = Listener::tcp();
  gone.close();
  for (const Words& options : {Words{}, {"-z"}, {"-zu"}}) {
    bool enough = false;
    for (rlim_t descriptors = 5; descriptors < 24 && !enough; ++descriptors) {
      const Outcome end = run(netcat_argv(options, {"127.0.0.1", gone.port_text()}), "",
                              {.descriptors = descriptors});
      enough = end.status == 4;
      if (enough) continue;
      EXPECT_THAT(end.status, testing::AnyOf(6, 7, 8)) << descriptors;
      EXPECT_THAT(end.err, MatchesRegex("netcat: [^\n]+: too many open files\n")) << descriptors;
    }
    EXPECT_TRUE(enough) << "23 descriptors do not suffice for " << testing::PrintToString(options);
  }
}

// ---- 2: usage ----

class Usage : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Usage, ErrorIsStatus2) { expect_one_line(run(netcat_argv({}, GetParam())), 2); }

INSTANTIATE_TEST_SUITE_P(Errors, Usage,
                         testing::ValuesIn(std::vector<std::vector<std::string>>{
                             {},
                             {"127.0.0.1"},
                             {"", "1"},
                             {":1"},
                             {"-z", "", "1"},
                             {"-z", ":1"},
                             {"-l", "", "0"},
                             {"-u", "", "1"},
                             {"-s", "", "127.0.0.1", "1"},
                             {"127.0.0.1", "0"},
                             {"127.0.0.1", "65536"},
                             {"-U", ""},
                             {"-l", "--allow", "", "0"},
                             {"--output", "", "127.0.0.1", "1"},
                             {"127.0.0.1", "-1"},
                             {"127.0.0.1", "12x"},
                             {"127.0.0.1", "no_such_service"},
                             {"127.0.0.1", ""},
                             {"127.0.0.1", "1", "2", "3"},
                             {"--nonsense", "127.0.0.1", "1"},
                             {"-w", "soon", "127.0.0.1", "1"},
                             {"-w"},
                             {"-q", "later", "127.0.0.1", "1"},
                             {"-k", "127.0.0.1", "1"},
                             {"-l"},
                             {"-l", "65536"},
                             {"-U"}}),
                         [](const auto& param) { return "n" + std::to_string(param.index); });

TEST(NetcatStatus, ContradictionNamesBothOptions) {
  const auto pair = [](std::vector<std::string> options) {
    return run(netcat_argv(std::move(options), {"127.0.0.1", "1"}));
  };
  expect_failure(pair({"-4", "-6"}), 2, "-4 does not work with -6: only one address family");
  expect_failure(pair({"--ipv6", "--ipv4"}), 2,
                 "--ipv4 does not work with --ipv6: only one address family");
  expect_failure(pair({"--recv-only", "--send-only"}), 2,
                 "--recv-only does not work with --send-only: no data would be transferred");
  expect_failure(pair({"-N", "--no-shutdown"}), 2,
                 "-N does not work with --no-shutdown: half-close or not");
}

TEST(NetcatStatus, AloneItPrintsItsUsage) {
  expect_failure(run({"netcat"}), 2, "usage: netcat [options] HOST PORT (see --help)");
}

TEST(NetcatStatus, UnknownOptionSuggestsTheNearest) {
  expect_failure(run({"netcat", "--timeut", "1", "127.0.0.1", "1"}), 2,
                 "unknown option --timeut (did you mean --timeout?)");
}

TEST(NetcatStatus, AnotherNetcatsOptionNamesWhatToUse) {
  expect_failure(run({"netcat", "--proxy-auth", "a:b", "127.0.0.1", "1"}), 2,
                 "--proxy-auth: not supported; use -P");
}

// ---- 3 to 6: connecting ----

TEST(NetcatStatus, Is3WhenTheNameIsNotFound) {
  const auto end = run({"netcat", "-w", "10", "nosuch.invalid", "1"});
  expect_one_line(end, 3);
  EXPECT_THAT(end.err, StartsWith("netcat: cannot resolve nosuch.invalid: name not found"));
}

TEST(NetcatStatus, Is3WhenANameIsGivenButNumbersAreAskedFor) {
  expect_one_line(run({"netcat", "-n", "example.invalid", "1"}), 3);
}

TEST(NetcatStatus, Is4WhenRefused) {
  const auto port = std::to_string(free_port());
  expect_failure(run({"netcat", "127.0.0.1", port}), 4,
                 "connect to 127.0.0.1 port " + port + ": connection refused");
}

TEST(NetcatStatus, Is4WhenEveryAddressRefuses) {
  const auto port = std::to_string(free_port());
  expect_failure(run({"netcat", "localhost", port}), 4,
                 "connect to localhost port " + port + ": connection refused");
}

TEST(NetcatStatus, Is4WhenNobodyServesTheUnixSocket) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Listener::unix_socket(path).close();
  expect_failure(run({"netcat", "-U", path}), 4, "connect to " + path + ": connection refused");
}

// A full backlog drops what else comes, as a dead host would.
TEST(NetcatStatus, Is5WhenConnectingTimesOut) {
  auto server = Listener::tcp("127.0.0.1", 0);
  const auto fills_the_backlog = connect_tcp("127.0.0.1", server.port());
  const auto start = Clock::now();
  const auto end = run({"netcat", "-w", "500ms", "127.0.0.1", server.port_text()});
  expect_one_line(end, 5);
  EXPECT_THAT(end.err, StartsWith("netcat: connect to 127.0.0.1 port " + server.port_text()));
  EXPECT_GE(Clock::now() - start, Millis(450));
  EXPECT_LT(Clock::now() - start, kPrompt);
}

TEST(NetcatStatus, Is5WhenNoClientComes) {
  expect_one_line(run({"netcat", "-l", "-w", "200ms", "127.0.0.1", "0"}), 5);
}

TEST(NetcatStatus, Is6WhenTheUnixSocketIsNotThere) {
  expect_failure(run({"netcat", "-U", "/nowhere/at/all"}), 6,
                 "connect to /nowhere/at/all: no such file or directory");
}

// ---- 7 to 9 ----

TEST(NetcatStatus, Is7WhenItCannotListen) {
  auto taken = Listener::tcp();
  expect_failure(run({"netcat", "-l", "127.0.0.1", taken.port_text()}), 7,
                 "listen on 127.0.0.1 port " + taken.port_text() + ": address already in use");
  expect_one_line(run({"netcat", "-l", "192.0.2.1", "0"}), 7);
  expect_one_line(run({"netcat", "-lU", "/nowhere/at/all"}), 7);
}

TEST(NetcatStatus, Is7WhenTheSourceAddressIsNotOurs) {
  auto server = Listener::tcp();
  expect_one_line(run({"netcat", "-s", "192.0.2.1", "127.0.0.1", server.port_text()}), 7);
}

TEST(NetcatStatus, Is8WhenStdoutIsFull) {
  Session s({}, {.in = Stdio::pipe(), .out = Stdio::file("/dev/full")});
  s.peer.send("x");
  expect_failure(finish(s.netcat), 8, "stdout: no space left on device");
}

// What nohup(1) leaves behind: an input that has ended.
TEST(NetcatStatus, Is0WhenStdinIsOpenForWritingOnly) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Fd reading(ends[0]), writing(ends[1]);
  Session s({}, {.in = Stdio::fd(writing)});
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.send("answer\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "answer\n");
}

TEST(NetcatStatus, Is9WhenTheConnectionIsIdle) {
  Session s({"-w", "400ms"});
  const auto end = finish(s.netcat, kPrompt);
  expect_one_line(end, 9);
  EXPECT_THAT(end.err, StartsWith("netcat: " + s.place() + ": "));
}

// The kernel takes megabytes at once, and they are on their way for longer than the limit.
TEST(NetcatStatus, ASlowReaderIsNotIdle) {
  const TempDir dir;
  const std::string data(3 << 20, 'x');
  Session s({"--send-only", "-w", "500ms"}, {.in = Stdio::file(dir.file("in", data))}, true);
  std::size_t size = 0;
  while (size < data.size()) {
    size += s.peer.take(std::min<std::size_t>(data.size() - size, 64 << 10)).size();
    (void)s.netcat.err.silent_for(Millis(40));
  }
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatStatus, IdleMeansInBothDirections) {
  Session s({"-w", "1"});
  for (int i = 0; i < 8; ++i) {  // 2 s of talk, half of it ours
    ASSERT_TRUE(s.netcat.lives_for(Millis(250)));
    if (i % 2) s.peer.send("there\n");
    if (i % 2 == 0) s.netcat.in.send("here\n");
  }
  EXPECT_EQ(s.netcat.wait(kPrompt), 9);
}

// ---- signals, --help, --version ----

TEST(NetcatStatus, SignalsEndItByTheSignal) {
  for (const int number : {SIGINT, SIGTERM}) {
    Session s;
    s.netcat.signal(number);
    const auto end = finish(s.netcat, kPrompt);
    EXPECT_EQ(end.status, 128 + number);
    EXPECT_EQ(end.err, "");
  }
}

TEST(NetcatStatus, HelpIs0OnStdout) {
  for (const char* option : {"-h", "--help"}) {
    const auto end = run({"netcat", option});
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.err, "");
    for (const char* named : {"--listen", "--keep-open", "--unix", "--timeout", "--quit-after",
                              "--no-shutdown", "--recv-only", "--send-only", "--crlf"}) {
      EXPECT_THAT(end.out, HasSubstr(named));
    }
  }
}

TEST(NetcatStatus, VersionIs0OnStdout) {
  const auto end = run({"netcat", "--version"});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.out, MatchesRegex("netcat [^\n]+\n"));
  EXPECT_EQ(end.err, "");
}

TEST(NetcatStatus, VersionThatCannotBeWrittenIs8) {
  EXPECT_EQ(run({"netcat", "--version"}, {}, {.out = Stdio::file("/dev/full")}).status, 8);
}

}  // namespace
}  // namespace e2e
