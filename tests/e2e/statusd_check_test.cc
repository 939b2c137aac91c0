// statusd --check: readiness by commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "web.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

void wait_for_readiness(const Daemon& daemon, int code) {
  wait_until("readiness " + std::to_string(code),
             [&] { return curl(daemon, "/readyz").code == code; });
}

TEST(StatusdCheck, FollowsACommand) {
  const TempDir dir;
  const std::string command = "test -e " + dir.path("up");
  Daemon daemon("statusd",
                {"--check", "file=" + command, "--check", "true", "--check-every", "50ms"});
  wait_until("the first results", [&] {
    return curl(daemon, "/readyz").body.find("no result yet") == std::string::npos;
  });
  auto reply = curl(daemon, "/readyz");
  EXPECT_EQ(reply.code, 503);
  EXPECT_EQ(reply.body, "not ready\nfailed file: exit status 1\nok true\n");
  reply = curl(daemon, "/");
  EXPECT_EQ(reply.code, 503);
  EXPECT_THAT(reply.body, StartsWith(R"({"status":"error","checks":[{"name":"file","ok":false,)"));
  EXPECT_EQ(curl(daemon, "/", {"-X", "OPTIONS"}).code, 503);
  EXPECT_EQ(curl(daemon, "/livez").code, 200);
  EXPECT_THAT(curl(daemon, "/metrics").body, HasSubstr("statusd_check_ok{name=\"file\"} 0\n"));
  (void)dir.file("up", "");
  wait_for_readiness(daemon, 200);
  EXPECT_EQ(curl(daemon, "/readyz").body, "ok file\nok true\n");
  EXPECT_EQ(curl(daemon, "/").body, R"({"status":"ok"})");
  std::filesystem::remove(dir.path("up"));
  wait_for_readiness(daemon, 503);
  EXPECT_EQ(daemon.stop(), 0);
  const auto log = daemon.err.rest();
  EXPECT_THAT(log, HasSubstr("statusd: check file: ok again\n"));
  EXPECT_THAT(log, HasSubstr("statusd: check file: exit status 1\n"));
}

TEST(StatusdCheck, IsSaidAtTheRootBesideRoutes) {
  const TempDir dir;
  const Daemon daemon("statusd", {"--check", "up=test -e " + dir.path("up"), "--check-every",
                                  "50ms", "--route", "/hello=Hello"});
  wait_for_readiness(daemon, 503);
  EXPECT_EQ(curl(daemon, "/").code, 503);
  EXPECT_EQ(curl(daemon, "/hello").body, "Hello");
  EXPECT_EQ(curl(daemon, "/other").code, 404);
  (void)dir.file("up", "");
  wait_for_readiness(daemon, 200);
  EXPECT_EQ(curl(daemon, "/").body, R"({"status":"ok"})");
  EXPECT_EQ(curl(daemon, "/other").code, 404);
}

TEST(StatusdCheck, WhatTakesTooLongOrIsKilledHasFailed) {
  Daemon daemon("statusd", {"--check", "slow=sleep 100 & sleep 100", "--check", "killed=kill -9 $$",
                            "--check-timeout", "100ms", "--check-every", "1h"});
  const std::string all = "not ready\nfailed slow: timed out\nfailed killed: killed by signal 9\n";
  wait_until("the results", [&] { return curl(daemon, "/readyz").body == all; });
  const auto children = run({"pgrep", "-P", std::to_string(daemon.pid())});
  EXPECT_EQ(children.out, "");
}

TEST(StatusdCheck, HasAStatusEvenIfItsParentIgnoresChildren) {
  Process daemon({"env", "--ignore-signal=CHLD", bin_dir() + "/statusd", "-q", "--check", "exit 3",
                  "--print-port", "127.0.0.1:0"});
  const std::string target = "http://127.0.0.1:" + daemon.out.line() + "/readyz";
  wait_until("a result", [&] {
    return run({"curl", "-s", target}).out == "not ready\nfailed exit 3: exit status 3\n";
  });
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(StatusdCheck, TheEndDoesNotWaitForIt) {
  Daemon daemon("statusd", {"--check", "sleep 100", "--check-timeout", "1h"});
  EXPECT_EQ(curl(daemon, "/readyz").body, "not ready\nfailed sleep 100: no result yet\n");
  const auto start = Clock::now();
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_LT(Clock::now() - start, Millis(50'000));
}

TEST(StatusdCheck, NothingOfItIsLeftByASignalThatEndsAtOnce) {
  const TempDir dir;
  for (const int signal : {SIGTERM, SIGQUIT}) {
    const auto file = dir.path(std::to_string(signal));
    const auto command = "echo $$ > " + file + ".new; mv " + file + ".new " + file + "; sleep 1000";
    Daemon daemon("statusd", {"--lame-duck", "1h", "--check-timeout", "1h", "--check", command});
    wait_until("the check", [&] { return std::filesystem::exists(file); });
    const std::string pid = run({"cat", file}).out;
    daemon.signal(signal);
    if (signal == SIGTERM) {
      wait_until("the signal", [&] {
        return curl(daemon, "/readyz").body == "not ready: the server is stopping\n";
      });
      daemon.signal(SIGTERM);
    }
    EXPECT_EQ(daemon.wait(kPrompt), 128 + signal);
    const auto command_line = "/proc/" + std::to_string(std::stoi(pid)) + "/cmdline";
    wait_until("the end of the check", [&] { return run({"cat", command_line}).out.empty(); });
  }
}

// Process 1 of a container inherits what checks leave behind, and must not collect zombies.
TEST(StatusdCheck, AsProcessOneReapsWhatChecksLeaveBehind) {
  const auto possible = shell("unshare -Urpf true");
  if (possible.status != 0) GTEST_SKIP() << "no process namespaces here: " << possible.err;
  const TempDir dir;
  const auto runs = dir.path("runs");
  Process outer({"unshare", "-Urpf", "--kill-child", bin_dir() + "/statusd", "--check-every",
                 "10ms", "--check", "echo >> " + runs + "; sleep 100 & setsid true &",
                 "--print-port", "127.0.0.1:0"});
  const std::string self = std::to_string(outer.pid());
  EXPECT_NE(outer.out.line(), "");
  const int first = std::stoi(read_file("/proc/" + self + "/task/" + self + "/children"));
  wait_until("40 runs", [&] {
    return std::filesystem::exists(runs) && std::filesystem::file_size(runs) >= 40;
  });
  wait_until("few children", [&] {
    const auto list = run({"pgrep", "-P", std::to_string(first)}).out;
    return std::ranges::count(list, '\n') < 10;
  });
}

TEST(StatusdCheck, WrongOptionsAreStatus2) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--check", " "},
                                                {"--check", "a="},
                                                {"--check-every", "0"},
                                                {"--check-timeout", "x"},
                                                {"--body-rate", "0"},
                                                {"--body-rate", "1G"},
                                                {"--drop-rate", "1.1"},
                                                {"--route", "post /x=1"},
                                                {"--route", "HEAD /x=1"},
                                                {"--allow-host", "a:80"},
                                                {"--allow-origin", "a.example"}}) {
    const auto end = run({"statusd", wrong[0], wrong[1], "127.0.0.1:0"});
    EXPECT_EQ(end.status, 2) << wrong[1];
    EXPECT_THAT(end.err, MatchesRegex("statusd: " + wrong[0] + ": [^\n]+\n"));
  }
  EXPECT_THAT(run({"statusd", "--check", "true", "--check", "true"}).err,
              HasSubstr("--check: 'true' is given twice (use NAME=COMMAND)"));
  EXPECT_THAT(run({"statusd", "--check", "true\n", "--check", "true\n"}).err,
              HasSubstr("is given twice (use NAME=COMMAND)"));
}

}  // namespace
}  // namespace e2e
