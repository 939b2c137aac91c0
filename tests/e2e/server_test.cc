// Where a daemon listens: the addresses that all daemons share, and what they say about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class Server : public testing::TestWithParam<Tool> {
 protected:
  const Tool& tool() const { return GetParam(); }
  void expect_served(Socket client) const { tool().prove_served(client); }

  // The daemon's argv, with --print-port, then `more`.
  std::vector<std::string> printing(std::vector<std::string> more) const {
    more.insert(more.begin(), "--print-port");
    return tool().with(std::move(more));
  }
  std::string says(const std::string& what) const { return tool().name + ": " + what; }
};

INSTANTIATE_TEST_SUITE_P(Each, Server, testing::Values(clockd(), reverbd(), statusd(), passwordd()),
                         [](const auto& tool) { return tool.param.name; });

TEST_P(Server, HostAndPort) {
  Process daemon(printing({"127.0.0.1:0"}));
  const int port = std::stoi(daemon.out.line());
  EXPECT_EQ(daemon.err.line(), says("listening on 127.0.0.1:" + std::to_string(port)));
  expect_served(connect_tcp("127.0.0.1", port));
  EXPECT_FALSE(can_connect("::1", port));
  EXPECT_FALSE(can_connect("127.0.0.2", port));
}

TEST_P(Server, BracketedV6AndPort) {
  Process daemon(printing({"[::1]:0"}));
  const int port = std::stoi(daemon.out.line());
  EXPECT_EQ(daemon.err.line(), says("listening on [::1]:" + std::to_string(port)));
  expect_served(connect_tcp("::1", port));
  EXPECT_FALSE(can_connect("127.0.0.1", port));
}

TEST_P(Server, PortAloneIsLocalhostOnBothFamilies) {
  Process daemon(printing({"0"}));
  const int port = std::stoi(daemon.out.line());
  expect_served(connect_tcp("127.0.0.1", port));
  expect_served(connect_tcp("::1", port));
  EXPECT_FALSE(can_connect("127.0.0.2", port));
}

TEST_P(Server, LocalhostIsBothFamiliesOnOnePort) {
  Process daemon(printing({"localhost:0"}));
  const int port = std::stoi(daemon.out.line());
  EXPECT_EQ(port_in(daemon.err.line()), port);
  EXPECT_EQ(port_in(daemon.err.line()), port);
  expect_served(connect_tcp("127.0.0.1", port));
  expect_served(connect_tcp("::1", port));
}

TEST_P(Server, ColonPortIsEveryAddress) {
  Process daemon(printing({":0"}));
  const int port = std::stoi(daemon.out.line());
  expect_served(connect_tcp("127.0.0.1", port));
  expect_served(connect_tcp("127.0.0.2", port));
  expect_served(connect_tcp("::1", port));
}

TEST_P(Server, SeveralListenersArgumentsAndOptionsAlike) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Process daemon(tool().with({"127.0.0.1:0", "-l", "[::1]:0", "--listen", "unix:" + path}));
  std::vector<std::string> lines;
  for (int i = 0; i < 3; ++i) lines.push_back(daemon.err.line());
  std::sort(lines.begin(), lines.end());
  EXPECT_THAT(lines[0], StartsWith(says("listening on 127.0.0.1:")));
  EXPECT_THAT(lines[1], StartsWith(says("listening on [::1]:")));
  EXPECT_EQ(lines[2], says("listening on unix:" + path));
  expect_served(connect_tcp("127.0.0.1", port_in(lines[0])));
  expect_served(connect_tcp("::1", port_in(lines[1])));
  expect_served(connect_unix(path));
}

TEST_P(Server, PrintPortGivesEachPortOnceThenLetsStdoutGo) {
  Process daemon(printing({"localhost:0", "127.0.0.1:0"}));
  const std::string ports = daemon.out.rest();
  EXPECT_THAT(ports, MatchesRegex("[0-9]+\n[0-9]+\n"));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(Server, PrintPortLetsACommandSubstitutionReturn) {
  const auto end = shell("port=$(" + tool().name +
                         " -q --print-port 127.0.0.1:0 &)\n"
                         "exec 3<>/dev/tcp/127.0.0.1/$port && echo connected");
  EXPECT_EQ(end.out, "connected\n");
  EXPECT_EQ(end.err, "");
}

TEST_P(Server, QuietSaysNothing) {
  Daemon daemon(tool().name, tool().options({"--quiet"}));
  expect_served(daemon.connect());
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(daemon.err.rest(), "");
}

TEST_P(Server, VerboseNamesEachConnection) {
  Daemon daemon(tool().name, tool().options({"--verbose"}));
  auto client = daemon.connect();
  const std::string peer = "127.0.0.1:" + std::to_string(client.local_port());
  EXPECT_EQ(line_with(daemon.err, " connected"), says(peer + " connected"));
  client.reset();
  EXPECT_THAT(line_with(daemon.err, "disconnected"), StartsWith(says(peer)));
}

TEST_P(Server, HostAndPortAsTwoOperands) {
  Process daemon(printing({"127.0.0.1", "0"}));
  const int port = std::stoi(daemon.out.line());
  EXPECT_EQ(daemon.err.line(), says("listening on 127.0.0.1:" + std::to_string(port)));
  expect_served(connect_tcp("127.0.0.1", port));
}

TEST_P(Server, PortInUseNamesAFreeOne) {
  auto taken = Listener::tcp();
  const auto end = run(tool().with({"localhost:" + taken.port_text()}));
  EXPECT_EQ(end.status, 7);
  const std::string start = says("listen on localhost:" + taken.port_text() +
                                 ": address already in use (try --listen localhost:");
  ASSERT_THAT(end.err, StartsWith(start));
  EXPECT_THAT(end.err.substr(start.size()), MatchesRegex("[0-9]+\\)\n"));
  EXPECT_EQ(end.out, "");
}

TEST_P(Server, OneAddressInUseOfSeveralIsFatal) {
  auto taken = Listener::tcp();
  const auto end = run(printing({"127.0.0.1:0", "127.0.0.1:" + taken.port_text()}));
  EXPECT_EQ(end.status, 7);
  EXPECT_EQ(end.out, "") << "no port before every listener is bound";
}

TEST_P(Server, UnixSocketIsRemovedAtTheEnd) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Process daemon(tool().with({"unix:" + path}));
  (void)daemon.err.line();
  expect_served(connect_unix(path));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_P(Server, UnixSocketIsRemovedWhenTheServerCannotStart) {
  const TempDir dir;
  const auto path = dir.path("socket");
  auto taken = Listener::tcp();
  for (const std::string& other :
       {"127.0.0.1:" + taken.port_text(), std::string("99999"), std::string("localhost:nonesuch"),
        std::string("fd:99"), std::string("unix:/nowhere/at/all"), "unix:" + path}) {
    EXPECT_THAT(run(tool().with({"unix:" + path, other})).status, testing::AnyOf(2, 7)) << other;
    EXPECT_FALSE(std::filesystem::exists(path)) << other;
  }
}

TEST_P(Server, SocketModeIsThatOfTheUnixSocket) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Process daemon(tool().with({"--socket-mode", "0660", "unix:" + path}));
  (void)daemon.err.line();
  const auto permissions = std::filesystem::status(path).permissions();
  EXPECT_EQ(static_cast<int>(permissions), 0660);
}

TEST_P(Server, StaleUnixSocketIsReplaced) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Listener::unix_socket(path).close();
  ASSERT_TRUE(std::filesystem::exists(path));
  Process daemon(tool().with({"unix:" + path}));
  EXPECT_EQ(daemon.err.line(), says("listening on unix:" + path));
  expect_served(connect_unix(path));
}

TEST_P(Server, LiveUnixSocketIsRefused) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Process first(tool().with({"unix:" + path}));
  (void)first.err.line();
  const auto second = run(tool().with({"unix:" + path}));
  EXPECT_EQ(second.status, 7);
  EXPECT_THAT(second.err, StartsWith(says("listen on unix:" + path + ": address already in use")));
  expect_served(connect_unix(path));
}

TEST_P(Server, FileThatIsNoSocketIsLeftAlone) {
  const TempDir dir;
  const auto path = dir.file("precious", "data");
  EXPECT_EQ(run(tool().with({"unix:" + path})).status, 7);
  EXPECT_EQ(read_file(path), "data");
}

TEST_P(Server, DirectoryThatIsNotThere) {
  const auto end = run(tool().with({"unix:/nowhere/at/all"}));
  EXPECT_EQ(end.status, 7);
  EXPECT_THAT(end.err, MatchesRegex(tool().name + ": listen on unix:/nowhere/at/all: .*\n"));
}

TEST_P(Server, HelpGoesToStdout) {
  const auto end = run({tool().name, "--help"});
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.err, "");
  for (const auto* option :
       {"--listen", "--max-clients", "--once", "--idle-timeout", "--write-timeout", "--backlog",
        "--max-per-address", "--socket-mode", "--drain", "--threads", "--print-port", "--quiet"}) {
    EXPECT_THAT(end.out, HasSubstr(option));
  }
}

TEST_P(Server, VersionGoesToStdout) {
  const auto end = run({tool().name, "--version"});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.out, StartsWith(tool().name + " "));
  EXPECT_EQ(end.err, "");
}

TEST_P(Server, HelpThatCannotBeWrittenIsStatus8) {
  for (const auto& out : {Stdio::file("/dev/full"), Stdio::closed()}) {
    const auto end = run({tool().name, "--help"}, {}, {.out = out});
    EXPECT_EQ(end.status, 8);
    EXPECT_THAT(end.err, StartsWith(says("stdout: ")));
  }
}

TEST_P(Server, UsageErrorsAreOneLineAndStatus2) {
  const std::vector<std::vector<std::string>> wrong = {{"--nonsense"},
                                                       {"-m", "x"},
                                                       {"-m", "-1"},
                                                       {"--drain", "soon"},
                                                       {"--threads", "x"},
                                                       {"--backlog", "x"},
                                                       {"localhost:65536"},
                                                       {"localhost:x"},
                                                       {"fd:x"},
                                                       {"unix:"},
                                                       {"--listen"},
                                                       {"[::1:0"},
                                                       {"--once=maybe"},
                                                       {"--socket-mode", "rw"},
                                                       {"--socket-mode", "1777"},
                                                       {"", "8000"},
                                                       {"--max-per-address", "0"},
                                                       {"--write-timeout", "1 hour"}};
  for (const auto& arguments : wrong) {
    SCOPED_TRACE(arguments.back());
    const auto end = run(tool().with(arguments));
    EXPECT_EQ(end.status, 2);
    EXPECT_THAT(end.err, MatchesRegex(tool().name + ": [^\n]+\n"));
    EXPECT_EQ(end.out, "");
  }
}

TEST_P(Server, UnknownOptionSuggestsTheNearest) {
  const auto end = run({tool().name, "--treads", "2"});
  EXPECT_EQ(end.status, 2);
  EXPECT_EQ(end.err, says("unknown option --treads (did you mean --threads?)\n"));
}

TEST_P(Server, NoSocketLandsOnClosedStandardDescriptors) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Process daemon(tool().with({"unix:" + path}),
                 {.in = Stdio::closed(), .out = Stdio::closed(), .err = Stdio::closed()});
  wait_until("the socket", [&] { return can_connect_unix(path); });
  auto client = connect_unix(path);
  tool().prove_served(client);
  for (int number : {0, 1, 2}) EXPECT_THAT(daemon.descriptor(number), Not(HasSubstr("socket")));
  EXPECT_EQ(daemon.stop(), 0);
}

// `command` is fed through a pipe that stays open until the first answer is there.
void expect_served_by_pipe(const Tool& tool, const std::string& command) {
  if (!installed(command.substr(0, command.find(' ')))) GTEST_SKIP() << "no " << command;
  Process client({"bash", "-c", "exec " + command}, {.in = Stdio::pipe()});
  client.in.send(tool.question.empty() ? "hello\n" : tool.question);
  EXPECT_THAT(line_with(client.out, tool.mark), HasSubstr(tool.mark));
}

TEST_P(Server, ServesOpenBsdsNc) {
  Daemon daemon(tool().name, tool().options());
  expect_served_by_pipe(tool(), "nc.openbsd 127.0.0.1 " + daemon.port_text());
}

TEST_P(Server, ServesTelnet) {
  Daemon daemon(tool().name, tool().options());
  Tool typed = tool();
  std::erase(typed.question, '\r');  // telnet itself ends lines so
  expect_served_by_pipe(typed, "telnet 127.0.0.1 " + daemon.port_text());
}

TEST_P(Server, ServesSocat) {
  Daemon daemon(tool().name, tool().options());
  expect_served_by_pipe(tool(), "socat - TCP:127.0.0.1:" + daemon.port_text());
}

}  // namespace
}  // namespace e2e
