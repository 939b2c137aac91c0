// netcat as a server: one client with -l, any number with -k.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon.h"
#include "session.h"

namespace e2e {
namespace {

using testing::MatchesRegex;
using testing::UnorderedElementsAre;

// ---- forms of the address ----

class ListenForm : public testing::TestWithParam<std::vector<std::string>> {};

// PORT stands for a free port of 127.0.0.1.
TEST_P(ListenForm, Listens) {
  const int port = free_port();
  auto arguments = GetParam();
  for (auto& argument : arguments) {
    if (argument == "PORT") argument = std::to_string(port);
  }
  Process netcat(netcat_argv({}, arguments));
  wait_until("netcat listens", [&] {
    return shell("exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(port) + " && echo hello >&3")
               .status == 0;
  });
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "hello\n");
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, ListenForm,
    testing::Values(std::vector<std::string>{"-l", "PORT"},
                    std::vector<std::string>{"-l", "127.0.0.1", "PORT"},
                    std::vector<std::string>{"-l", "localhost", "PORT"},
                    std::vector<std::string>{"-l", "-p", "PORT"},
                    std::vector<std::string>{"-lp", "PORT"},
                    std::vector<std::string>{"-l", "-p", "PORT", "-s", "127.0.0.1"},
                    std::vector<std::string>{"-l", "-4", "PORT"},
                    std::vector<std::string>{"--listen", "--source-port", "PORT"}),
    [](const auto& param) { return "n" + std::to_string(param.index); });

TEST(NetcatListen, WithoutAnAddressOnBothFamilies) {
  for (const std::string address : {"127.0.0.1", "::1"}) {
    Process netcat({"netcat", "-lvn", "0"});
    const std::string line = netcat.err.line();
    ASSERT_THAT(line, MatchesRegex("Listening on (0\\.0\\.0\\.0|::) [0-9]+"));
    auto client = connect_tcp(address, std::stoi(line.substr(line.rfind(' ') + 1)));
    client.send("hello\n");
    client.close();
    const auto end = finish(netcat);
    EXPECT_EQ(end.out, "hello\n");
    EXPECT_EQ(end.status, 0);
  }
}

TEST(NetcatListen, VerboseSaysWhatOpenBsdsNcSays) {
  Process netcat({"netcat", "-lvn", "127.0.0.1", "0"});
  const std::string line = netcat.err.line();
  ASSERT_THAT(line, MatchesRegex("Listening on 127\\.0\\.0\\.1 [1-9][0-9]*"));
  auto client = connect_tcp("127.0.0.1", std::stoi(line.substr(line.rfind(' ') + 1)));
  EXPECT_EQ(netcat.err.line(),
            "Connection received on 127.0.0.1 " + std::to_string(client.local_port()));
}

// ---- a single client ----

TEST(NetcatListen, RelaysBothWays) {
  Listening s;
  auto client = s.connect();
  s.netcat.in.send("from here\n");
  EXPECT_EQ(client.line(), "from here");
  client.send("from there\n");
  EXPECT_EQ(s.netcat.out.line(), "from there");
  s.netcat.in.close();
  EXPECT_EQ(client.rest(), "");
  client.send("late\n");
  client.close();
  EXPECT_EQ(s.netcat.out.rest(), "late\n");
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatListen, ClosesItsListenerAfterTheAccept) {
  Listening s;
  auto client = s.connect();
  client.send("x\n");
  EXPECT_EQ(s.netcat.out.line(), "x");
  EXPECT_FALSE(can_connect("127.0.0.1", s.port));
}

TEST(NetcatListen, ResetOfTheClientIsStatus1) {
  Listening s;
  auto client = s.connect();
  client.send("x\n");
  EXPECT_EQ(s.netcat.out.line(), "x");
  client.reset();
  EXPECT_EQ(s.netcat.wait(kPrompt), 1);
}

TEST(NetcatListen, PortInUseIsStatus7) {
  auto taken = Listener::tcp();
  const auto end = run({"netcat", "-l", "127.0.0.1", taken.port_text()});
  EXPECT_EQ(end.status, 7);
  EXPECT_EQ(end.err,
            "netcat: listen on 127.0.0.1 port " + taken.port_text() + ": address already in use\n");
}

TEST(NetcatListen, PortCanBeListenedOnAgainAtOnce) {
  Listening first;
  auto client = first.connect();
  first.netcat.in.close();
  EXPECT_EQ(client.rest(), "");  // netcat closes first: its side is the one in TIME_WAIT
  client.close();
  EXPECT_EQ(first.netcat.wait(), 0);
  Process again({"netcat", "-lv", "127.0.0.1", std::to_string(first.port)});
  EXPECT_THAT(again.err.line(), MatchesRegex("Listening on .*"));
}

TEST(NetcatListen, TimeoutIsForTheFirstClient) {
  const auto end = run({"netcat", "-l", "-w", "300ms", "127.0.0.1", "0"});
  EXPECT_EQ(end.status, 5);
  EXPECT_THAT(end.err, MatchesRegex("netcat: [^\n]+\n"));
}

// -w is for what comes later too: the client that falls silent.
TEST(NetcatListen, TimeoutIsForTheSilentClientToo) {
  Listening s({"-w", "1"});
  auto client = s.connect();
  client.send("x\n");
  EXPECT_EQ(s.netcat.out.line(), "x");
  EXPECT_EQ(s.netcat.wait(kPrompt), 9);
}

TEST(NetcatListen, SignalEndsItByThatSignal) {
  for (const int number : {SIGTERM, SIGINT}) {
    Listening s;
    s.netcat.signal(number);
    EXPECT_EQ(s.netcat.wait(kPrompt), 128 + number);
  }
}

TEST(NetcatListen, TwoNetcatsMoveFilesBothWays) {
  const TempDir dir;
  const std::string a = noise(10 << 20);
  const std::string b = noise(7 << 20).substr(1);
  Listening server({}, {.in = Stdio::file(dir.file("a", a)), .out = Stdio::file(dir.path("b2"))});
  Process client({"netcat", "127.0.0.1", std::to_string(server.port)},
                 {.in = Stdio::file(dir.file("b", b)), .out = Stdio::file(dir.path("a2"))});
  EXPECT_EQ(client.wait(), 0);
  EXPECT_EQ(server.netcat.wait(), 0);
  EXPECT_TRUE(read_file(dir.path("a2")) == a);
  EXPECT_TRUE(read_file(dir.path("b2")) == b);
}

// ---- Unix sockets ----

TEST(NetcatListen, UnixSocketIsRemovedAtTheEnd) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Process netcat({"netcat", "-lvU", path});
  EXPECT_EQ(netcat.err.line(), "Bound on " + path);
  EXPECT_EQ(netcat.err.line(), "Listening on " + path);
  auto client = connect_unix(path);
  client.send("hello\n");
  client.close();
  EXPECT_EQ(netcat.out.rest(), "hello\n");
  EXPECT_EQ(netcat.wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(NetcatListen, UnixSocketIsRemovedBySignalsToo) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Process netcat({"netcat", "-lvU", path});
  (void)line_with(netcat.err, "Listening on");
  EXPECT_EQ(netcat.stop(), 128 + SIGTERM);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(NetcatListen, StaleUnixSocketIsReplacedALiveOneRefused) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Listener::unix_socket(path).close();
  Process netcat({"netcat", "-lvkU", path});
  (void)line_with(netcat.err, "Listening on");
  const auto second = run({"netcat", "-lU", path});
  EXPECT_EQ(second.status, 7);
  EXPECT_EQ(second.err, "netcat: listen on " + path + ": address already in use\n");
  EXPECT_TRUE(can_connect_unix(path));
}

// A server of one client must not take whoever asks for the client.
TEST(NetcatListen, WhoAsksForALivePathIsNotHeardThere) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Process netcat({"netcat", "-lvU", path});
  (void)line_with(netcat.err, "Listening on");
  EXPECT_EQ(run({"netcat", "-lU", path}).status, 7);
  EXPECT_EQ(run({"clockd", "unix:" + path}).status, 7);
  auto client = connect_unix(path);
  client.send("hello\n");
  client.close();
  EXPECT_EQ(netcat.out.rest(), "hello\n");
  EXPECT_EQ(netcat.wait(), 0);
}

TEST(NetcatListen, ASignalThatIsIgnoredStaysIgnored) {
  Process netcat({"bash", "-c", "trap '' HUP INT; exec netcat -l -v -n 127.0.0.1 0"});
  const std::string line = netcat.err.line();
  const int port = std::stoi(line.substr(line.rfind(' ') + 1));
  netcat.signal(SIGHUP);
  netcat.signal(SIGINT);
  auto client = connect_tcp("127.0.0.1", port);
  client.send("hello\n");
  client.close();
  EXPECT_EQ(netcat.out.rest(), "hello\n");
  EXPECT_EQ(netcat.wait(), 0);
}

TEST(NetcatListen, ErrorsNameThePortThatTheKernelHasPicked) {
  const auto end = run({"netcat", "-lvn", "-w", "200ms", "127.0.0.1", "0"});
  EXPECT_EQ(end.status, 5);
  EXPECT_THAT(end.err, MatchesRegex("Listening on 127\\.0\\.0\\.1 ([0-9]+)\n"
                                    "netcat: listen on 127\\.0\\.0\\.1 port [1-9][0-9]*: .*\n"));
}

// Nobody is there to see what would come.
TEST(NetcatListen, AndDialEndWhenStdoutsReaderIsGone) {
  const std::string nobody = "netcat --wait 127.0.0.1 " + std::to_string(free_port());
  for (const std::string& command : {std::string("netcat -l 127.0.0.1 0"), nobody}) {
    const auto end = shell("(" + command + "; echo $? >&2) | true");
    EXPECT_EQ(end.err, "141\n") << command;
  }
}

TEST(NetcatListen, AbstractSocket) {
  const TempDir dir;  // for its unique name
  const auto name = "@" + dir.path("socket");
  Process netcat({"netcat", "-lvU", name});
  (void)line_with(netcat.err, "Listening on");
  auto client = connect_unix(name);
  client.send("hello\n");
  client.close();
  EXPECT_EQ(netcat.out.rest(), "hello\n");
}

// ---- -k ----

std::string received_line(Listening& s) { return line_with(s.netcat.err, "Connection received"); }

TEST(NetcatKeepOpen, GoesOnAfterAClient) {
  Listening s({"-k"});
  for (const std::string word : {"one", "two", "three"}) {
    auto client = s.connect();
    client.send(word + "\n");
    EXPECT_EQ(s.netcat.out.line(), word);
    client.close();
  }
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
}

TEST(NetcatKeepOpen, GoesOnAfterAReset) {
  Listening s({"-k"});
  auto client = s.connect();
  client.send("one\n");
  EXPECT_EQ(s.netcat.out.line(), "one");
  client.reset();
  auto next = s.connect();
  next.send("two\n");
  EXPECT_EQ(s.netcat.out.line(), "two");
}

TEST(NetcatKeepOpen, ClientsAreServedConcurrently) {
  Listening s({"-k"});
  auto one = s.connect();
  auto two = s.connect();
  two.send("two\n");
  EXPECT_EQ(s.netcat.out.line(), "two");
  one.send("one\n");
  EXPECT_EQ(s.netcat.out.line(), "one");
}

TEST(NetcatKeepOpen, InputGoesToEveryClientOfTheMoment) {
  Listening s({"-k"});
  auto one = s.connect();
  (void)received_line(s);
  s.netcat.in.send("first\n");
  EXPECT_EQ(one.line(), "first");
  auto two = s.connect();
  (void)received_line(s);
  s.netcat.in.send("second\n");
  EXPECT_EQ(one.line(), "second");
  EXPECT_EQ(two.line(), "second");
}

TEST(NetcatKeepOpen, InputWaitsForTheFirstClient) {
  Listening s({"-k"});
  s.netcat.in.send("early\n");
  EXPECT_TRUE(s.netcat.out.silent_for(kSilence));
  auto client = s.connect();
  EXPECT_EQ(client.line(), "early");
}

TEST(NetcatKeepOpen, AfterStdinsEndAllAndNewClientsGetOurHalfClose) {
  Listening s({"-k"});
  auto one = s.connect();
  (void)received_line(s);
  s.netcat.in.close();
  EXPECT_EQ(one.rest(), "");
  auto two = s.connect();
  EXPECT_EQ(two.rest(), "");
  one.send("one\n");
  EXPECT_EQ(s.netcat.out.line(), "one");
  two.send("two\n");
  EXPECT_EQ(s.netcat.out.line(), "two");
}

TEST(NetcatKeepOpen, BackgroundJobCollectsFromMany) {
  Listening s({"-k"}, {.in = Stdio::null()});
  const auto to = "netcat 127.0.0.1 " + std::to_string(s.port);
  EXPECT_EQ(shell("for i in 1 2 3; do " + to + " <<<$i & done; wait").status, 0);
  const std::vector<std::string> lines{s.netcat.out.line(), s.netcat.out.line(),
                                       s.netcat.out.line()};
  EXPECT_THAT(lines, UnorderedElementsAre("1", "2", "3"));
}

TEST(NetcatKeepOpen, AClientThatDoesNotReadHoldsNoOtherUp) {
  Listening s({"-k"});
  auto deaf = connect_tcp("127.0.0.1", s.port, {.narrow = true});
  (void)received_line(s);
  auto speaker = s.connect();
  (void)received_line(s);
  (void)s.netcat.in.send_until_stuck("flood\n", kSilence, 64 << 20);
  speaker.send("still here\n");
  EXPECT_EQ(s.netcat.out.line(), "still here");
}

TEST(NetcatKeepOpen, EndsBySignal) {
  Listening s({"-k"});
  auto client = s.connect();
  (void)received_line(s);
  EXPECT_EQ(s.netcat.stop(), 128 + SIGTERM);
}

// ---- real clients ----

// `command` with the port in place of PORT sends "shout" and prints what we answer.
void expect_conversation(std::string command) {
  const std::string program = command.substr(0, command.find(' '));
  if (!installed(program)) GTEST_SKIP() << program << " is not installed";
  Listening s;
  command.replace(command.find("PORT"), 4, std::to_string(s.port));
  Process client({"bash", "-c", "exec " + command}, all_pipes());
  client.in.send("hello\n");
  EXPECT_THAT(s.netcat.out.line(), MatchesRegex("hello\r?"));
  s.netcat.in.send("welcome\n");
  (void)line_with(client.out, "welcome");
  client.in.close();
  s.netcat.in.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatListen, ServesOpenBsdsNc) { expect_conversation("nc.openbsd -N 127.0.0.1 PORT"); }
TEST(NetcatListen, ServesSocat) { expect_conversation("socat - TCP:127.0.0.1:PORT"); }
TEST(NetcatListen, ServesTelnet) { expect_conversation("telnet 127.0.0.1 PORT"); }

// getpeername(2) does not know it any more.
TEST(NetcatListen, AClientThatResetsBeforeItIsAcceptedIsReportedWithItsAddress) {
  for (const Words& options : {Words{"-n"}, Words{"-n", "-k"}}) {
    Listening s(options);
    s.netcat.signal(SIGSTOP);
    auto client = s.connect();
    const std::string port = std::to_string(client.local_port());
    client.reset();
    s.netcat.signal(SIGCONT);
    EXPECT_EQ(s.netcat.err.line(), "Connection received on 127.0.0.1 " + port);
  }
}

}  // namespace
}  // namespace e2e
