// A daemon and its signals: the drain, the impatient second signal, and the line of figures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {
namespace {

using testing::MatchesRegex;
using testing::StartsWith;

// A daemon that holds a client which it has served.
struct Served {
  Served(const Tool& tool, const std::vector<std::string>& options)
      : daemon(tool.name, options), client(daemon.connect()) {
    tool.prove_served(client);
  }
  Daemon daemon;
  Socket client;
};

class Signals : public testing::TestWithParam<Tool> {
 protected:
  const Tool& tool() const { return GetParam(); }
  // Options that make one client hold the drain for good.
  std::vector<std::string> holding(std::vector<std::string> more = {}) const {
    std::vector<std::string> options{"--delay", "1h", "--drain", "1h"};
    if (tool().name == "clockd") options = {"--interval", "1h", "--count", "2", "--drain", "1h"};
    options.insert(options.end(), more.begin(), more.end());
    return options;
  }

  const TempDir dir_;
  const std::string path_ = dir_.path("socket");
};

INSTANTIATE_TEST_SUITE_P(Both, Signals, testing::Values(clockd(), reverbd()),
                         [](const auto& tool) { return tool.param.name; });

TEST_P(Signals, SigtermWithoutClientsEndsAtOnceWith0) {
  Daemon daemon(tool().name, {"--drain", "1h"});
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST_P(Signals, SigintIsAsGoodAsSigterm) {
  Daemon daemon(tool().name, {"--drain", "1h"});
  daemon.signal(SIGINT);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST_P(Signals, DrainStopsAcceptingButKeepsItsClients) {
  Daemon daemon(tool().name, holding());
  auto client = daemon.connect();
  tool().prove_served(client);
  daemon.signal(SIGTERM);
  wait_until("no more accepting", [&] { return !can_connect("127.0.0.1", daemon.port()); });
  EXPECT_TRUE(client.silent_for(kSilence));
  EXPECT_TRUE(daemon.lives_for(Millis(0)));
}

TEST_P(Signals, DrainRemovesTheUnixSocketFirst) {
  const TempDir dir;
  const auto path = dir.path("socket");
  Daemon daemon(tool().name, holding({"unix:" + path}));
  auto client = connect_unix(path);
  tool().prove_served(client);
  daemon.signal(SIGTERM);
  wait_until("socket removed", [&] { return !std::filesystem::exists(path); });
  EXPECT_TRUE(daemon.lives_for(Millis(0)));
}

TEST_P(Signals, ASecondSignalEndsAtOnceByThatSignal) {
  for (const int second : {SIGTERM, SIGINT}) {
    Daemon daemon(tool().name, holding());
    auto client = daemon.connect();
    tool().prove_served(client);
    daemon.signal(SIGTERM);
    wait_until("no more accepting", [&] { return !can_connect("127.0.0.1", daemon.port()); });
    daemon.signal(second);
    EXPECT_EQ(daemon.wait(kPrompt), 128 + second);
  }
}

// As process 1 of a container a daemon is not ended by the default action of a signal.
TEST_P(Signals, ASecondSignalEndsProcessOneAtOnceToo) {
  const auto possible = shell("unshare -Urpf true");
  if (possible.status != 0) GTEST_SKIP() << "no process namespaces here: " << possible.err;
  for (const int second : {SIGTERM, SIGINT, SIGHUP}) {
    std::vector<std::string> argv{"unshare", "-Urpf", "--kill-child",
                                  bin_dir() + "/" + tool().name};
    for (const auto& option : holding({"--print-port", "127.0.0.1:0"})) argv.push_back(option);
    Process outer(argv);
    const int port = std::stoi(outer.out.line());
    auto client = connect_tcp("127.0.0.1", port);
    tool().prove_served(client);
    const std::string self = std::to_string(outer.pid());
    const pid_t first = std::stoi(read_file("/proc/" + self + "/task/" + self + "/children"));
    kill(first, SIGTERM);
    wait_until("no more accepting", [&] { return !can_connect("127.0.0.1", port); });
    kill(first, second);
    EXPECT_EQ(outer.wait(kPrompt), 128 + second);
  }
}

TEST_P(Signals, ASecondSignalLeavesNoUnixSocket) {
  Served served(tool(), holding({"unix:" + path_}));
  served.daemon.signal(SIGTERM);
  wait_until("no more accepting", [&] { return !can_connect("127.0.0.1", served.daemon.port()); });
  served.daemon.signal(SIGTERM);
  EXPECT_EQ(served.daemon.wait(kPrompt), 128 + SIGTERM);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_P(Signals, SigquitEndsAtOnceAndLeavesNoUnixSocket) {
  Served served(tool(), holding({"unix:" + path_}));
  served.daemon.signal(SIGQUIT);
  EXPECT_EQ(served.daemon.wait(kPrompt), 128 + SIGQUIT);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_P(Signals, SigquitDoesNotEndAServerInTheBackgroundOfAScript) {
  Process daemon({"sh", "-c", "trap '' QUIT; exec \"$0\" --print-port 127.0.0.1:0", tool().name});
  const int port = std::stoi(daemon.out.line());
  daemon.signal(SIGQUIT);
  EXPECT_TRUE(daemon.lives_for(kSilence));
  auto client = connect_tcp("127.0.0.1", port);
  tool().prove_served(client);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(Signals, SighupWithNothingToReadAgainDrains) {
  Served served(tool(), holding({"unix:" + path_}));
  served.daemon.signal(SIGHUP);
  wait_until("socket removed", [&] { return !std::filesystem::exists(path_); });
  EXPECT_TRUE(served.client.silent_for(kSilence)) << "it is drained";
  served.daemon.signal(SIGHUP);
  EXPECT_EQ(served.daemon.wait(kPrompt), 128 + SIGHUP);
}

TEST_P(Signals, SighupIsIgnoredUnderNohup) {
  Process daemon({"nohup", tool().name, "--print-port", "127.0.0.1:0"});
  const int port = std::stoi(daemon.out.line());
  daemon.signal(SIGHUP);
  EXPECT_TRUE(daemon.lives_for(kSilence));
  auto client = connect_tcp("127.0.0.1", port);
  tool().prove_served(client);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(Signals, Sigusr1PrintsTheFigures) {
  Daemon daemon(tool().name, tool().options());
  EXPECT_THAT(daemon.err.line(), StartsWith(tool().name + ": listening on"));
  auto stays = daemon.connect();
  auto also = daemon.connect();
  tool().prove_served(stays);
  tool().prove_served(also);
  daemon.signal(SIGUSR1);
  EXPECT_THAT(daemon.err.line(),
              MatchesRegex(tool().name + ": clients now 2, clients ever 2, refused 0, "
                                         "bytes in [0-9]+, bytes out [1-9][0-9]*, uptime [0-9]+s"));
}

TEST_P(Signals, TheFiguresCountThoseWhoLeft) {
  Daemon daemon(tool().name, tool().options());
  for (int i = 0; i < 3; ++i) {
    auto client = daemon.connect();
    tool().prove_served(client);
    client.reset();
  }
  wait_until("clients to leave", [&] {
    daemon.signal(SIGUSR1);
    const auto line = line_with(daemon.err, "clients now");
    return line.find("clients now 0, clients ever 3,") != std::string::npos;
  });
}

TEST_P(Signals, TheFiguresCountBytes) {
  Daemon daemon(tool().name, tool().options());
  auto client = daemon.connect();
  tool().prove_served(client);
  client.send("0123456\n");
  wait_until("the bytes", [&] {
    daemon.signal(SIGUSR1);
    const auto line = line_with(daemon.err, "bytes in");
    const auto expected = tool().name == "reverbd" ? "bytes in 11," : "bytes in 8,";
    return line.find(expected) != std::string::npos;
  });
}

}  // namespace
}  // namespace e2e
