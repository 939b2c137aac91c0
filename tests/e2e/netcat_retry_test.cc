// netcat --retry and --wait: for a server that is not there yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "netns.h"
#include "session.h"

namespace e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

TEST(NetcatRetry, TriesSoManyTimesMore) {
  const auto port = std::to_string(free_port());
  const auto start = Clock::now();
  const auto end =
      run({"netcat", "-v", "--retry", "3", "--retry-interval", "100ms", "127.0.0.1", port});
  EXPECT_GE(Clock::now() - start, Millis(300));
  const auto line = refusal(port);
  EXPECT_EQ(end.err, line + line + line + line);
  EXPECT_EQ(end.status, 4);
}

TEST(NetcatRetry, IsSilentWithoutVerbose) {
  const auto port = std::to_string(free_port());
  const auto end = run({"netcat", "--retry", "2", "--retry-interval", "10ms", "127.0.0.1", port});
  EXPECT_EQ(end.err, "netcat: connect to 127.0.0.1 port " + port + ": connection refused\n");
  EXPECT_EQ(end.status, 4);
}

TEST(NetcatRetry, IntervalIsASecond) {
  const auto start = Clock::now();
  EXPECT_EQ(run({"netcat", "--retry", "1", "127.0.0.1", std::to_string(free_port())}).status, 4);
  EXPECT_GE(Clock::now() - start, Millis(1000));
  EXPECT_LT(Clock::now() - start, kPrompt);
}

// A server that comes after the first tries.
class Latecomer : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Latecomer, IsTalkedTo) {
  const TempDir dir;
  const auto path = dir.path("socket");
  std::vector<std::string> options = GetParam();
  options.insert(options.end(), {"-v", "--retry-interval", "20ms", "-U"});
  Process netcat(netcat_argv(options, {path}), all_pipes());
  const std::string absent = "netcat: connect to " + path + " failed: No such file or directory";
  EXPECT_EQ(netcat.err.line(), absent);
  EXPECT_EQ(netcat.err.line(), absent);
  auto server = Listener::unix_socket(path);
  auto peer = server.accept();
  netcat.in.send("ping\n");
  EXPECT_EQ(peer.line(), "ping");
  peer.send("pong\n");
  peer.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "pong\n");
  EXPECT_EQ(end.status, 0);
}

INSTANTIATE_TEST_SUITE_P(Options, Latecomer,
                         testing::Values(std::vector<std::string>{"--wait"},
                                         std::vector<std::string>{"--wait", "-w", "60"},
                                         std::vector<std::string>{"--retry", "1000"}),
                         [](const auto& param) { return "n" + std::to_string(param.index); });

TEST(NetcatRetry, WaitsForATcpServerThatIsRefusedAtFirst) {
  const std::string reason = why_no_namespaces();
  if (!reason.empty()) GTEST_SKIP() << reason;
  const auto end = in_namespace(R"sh(
    cd "$(dirname "$HOSTS")"; mkfifo said
    netcat -v --wait --retry-interval 20ms localhost 2021 < /dev/null 2> said & waiting=$!
    exec 3< said; read -r first <&3; echo "$first"
    cat <&3 > rest & reverbd -q 127.0.0.1:2021 & server=$!
    wait $waiting; echo status $?; kill $server)sh");
  EXPECT_EQ(
      end.out,
      "netcat: connect to localhost (::1) port 2021 (tcp) failed: Connection refused\nstatus 0\n");
}

// The one refuses and the other is a black hole, until the server comes to the one.
TEST(NetcatRetry, ADeadAddressDoesNotKeepWaitFromTheOthers) {
  const std::string reason = why_no_namespaces();
  if (!reason.empty()) GTEST_SKIP() << reason;
  const auto end = in_namespace(R"sh(
    cd "$(dirname "$HOSTS")"; mkfifo said; drop ::1 2021
    netcat -v --wait -w 15 localhost 2021 < /dev/null 2> said & waiting=$!
    exec 3< said; read -r first <&3; echo "$first"
    cat <&3 > rest & reverbd -q 127.0.0.1:2021 & server=$!
    wait $waiting; echo status $?; kill $server)sh");
  EXPECT_EQ(end.out,
            "netcat: connect to localhost (127.0.0.1) port 2021 (tcp) failed: Connection refused\n"
            "status 0\n");
}

TEST(NetcatRetry, WaitEndsWithItsTime) {
  const auto port = std::to_string(free_port());
  const TempDir dir;
  const auto start = Clock::now();
  const auto end =
      run({"netcat", "--wait", "-w", "500ms", "--retry-interval", "50ms", "127.0.0.1", port});
  EXPECT_EQ(end.status, 5);
  EXPECT_EQ(end.err, "netcat: connect to 127.0.0.1 port " + port +
                         ": timed out (-w); last error: connection refused\n");
  EXPECT_GE(Clock::now() - start, Millis(450));
  EXPECT_LT(Clock::now() - start, kPrompt);
  const auto absent = run({"netcat", "--wait", "-w", "100ms", "-U", dir.path("socket")});
  EXPECT_EQ(absent.status, 5);
  EXPECT_THAT(absent.err, HasSubstr("timed out (-w); last error: no such file or directory\n"));
}

// A full backlog drops what else comes, as a dead host would.
TEST(NetcatRetry, WaitHasOneBudgetAndRetryOneForEachTry) {
  auto full = Listener::tcp("127.0.0.1", 0);
  const auto filler = connect_tcp("127.0.0.1", full.port());
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--wait", "-w", "300ms"},
        std::vector<std::string>{"--retry", "2", "--retry-interval", "1ms", "-w", "300ms"}}) {
    const auto start = Clock::now();
    const auto end = run(netcat_argv(options, {"127.0.0.1", full.port_text()}));
    EXPECT_EQ(end.status, 5);
    EXPECT_THAT(end.err, MatchesRegex("netcat: [^\n]+: connection timed out\n"));
    EXPECT_GE(Clock::now() - start, Millis(options[0] == "--wait" ? 280 : 880));
    EXPECT_LT(Clock::now() - start, kPrompt);
  }
}

// ---- with -z ----

TEST(NetcatRetry, AScanWaitsForItsPort) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Listener::unix_socket(path).close();
  Process netcat({"netcat", "-z", "--wait", "-w", "60", "--retry-interval", "20ms", "-U", path});
  EXPECT_TRUE(netcat.lives_for(kSilence));
  ASSERT_EQ(shell("rm " + path).status, 0);
  auto server = Listener::unix_socket(path);
  const auto end = finish(netcat);
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatRetry, AScanThatWaitsHasOneBudgetForAllPorts) {
  const auto open = Listener::tcp();
  const auto closed = std::to_string(free_port());
  const std::vector<std::string> waiting{"netcat", "-zv",       "--wait", "-w",
                                         "400ms",  "127.0.0.1", closed};
  const auto none = run(waiting);
  EXPECT_EQ(none.status, 5);
  EXPECT_THAT(none.err, AllOf(HasSubstr(refusal(closed)),
                              HasSubstr("timed out (-w); last error: connection refused\n")));
  auto two = waiting;
  two.push_back(std::to_string(free_port()));
  EXPECT_THAT(run(two).err,
              HasSubstr("none of 2 ports open: timed out (-w); last error: connection refused\n"));
  auto both = waiting;
  both.push_back(open.port_text());
  const auto start = Clock::now();
  const auto one = run(both);
  EXPECT_EQ(one.status, 0);
  EXPECT_GE(Clock::now() - start, Millis(380));
  EXPECT_THAT(one.err, AllOf(HasSubstr(refusal(closed)), HasSubstr("succeeded!\n")));
}

// ---- names ----

TEST(NetcatRetry, WaitsForANameThatAppears) {
  const std::string reason = why_no_namespaces();
  if (!reason.empty()) GTEST_SKIP() << reason;
  const auto end = in_namespace(R"sh(
    reverbd -q 127.0.0.1:2021 & server=$!
    netcat --wait --retry-interval 50ms later.invalid 2021 < /dev/null & waiting=$!
    sleep 0.3; echo 127.0.0.1 later.invalid >> "$HOSTS"
    wait $waiting; echo status $?; kill $server)sh");
  EXPECT_EQ(end.out, "status 0\n");
  EXPECT_EQ(end.err, "");
}

TEST(NetcatRetry, SeesThatANameHasAnotherAddress) {
  const std::string reason = why_no_namespaces();
  if (!reason.empty()) GTEST_SKIP() << reason;
  const auto end = in_namespace(R"sh(
    echo 127.0.0.2 moving.invalid >> "$HOSTS"
    reverbd -q 127.0.0.1:2021 & server=$!
    netcat -z --wait --retry-interval 50ms moving.invalid 2021 & waiting=$!
    sleep 0.3; echo 127.0.0.1 moving.invalid > "$HOSTS"
    wait $waiting; echo status $?; kill $server)sh");
  EXPECT_EQ(end.out, "status 0\n");
}

TEST(NetcatRetry, ANameThatNeverAppearsIsStatus3AndOneLine) {
  const auto wait_for = [](const char* limit) {
    return run(
        {"netcat", "--wait", "-w", limit, "--retry-interval", "50ms", "nosuch.invalid", "1"});
  };
  auto end = wait_for("300ms");
  if (end.status == 5) end = wait_for("5");  // no look-up had ended in time
  EXPECT_EQ(end.status, 3);
  EXPECT_THAT(end.err, MatchesRegex("netcat: cannot resolve nosuch.invalid: [^\n]+\n"));
  EXPECT_EQ(run({"netcat", "nosuch.invalid", "1"}).status, 3);
}

// ---- what no time will change ----

TEST(NetcatRetry, ANameThatIsNotFoundIsNotTriedAgain) {
  const auto end = run({"netcat", "--wait", "-n", "example.invalid", "1"});
  EXPECT_EQ(end.status, 3);
  EXPECT_EQ(end.err, "netcat: -n: 'example.invalid' is not a numeric address\n");
  EXPECT_EQ(run({"netcat", "--wait", "-6", "127.0.0.1", "1"}).status, 3);
  EXPECT_EQ(run({"netcat", "--retry", "1000000", "-s", "192.0.2.1", "127.0.0.1", "1"}).status, 7);
}

}  // namespace
}  // namespace e2e
