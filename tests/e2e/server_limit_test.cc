// What bounds a daemon: clients, descriptors, time for a peer that is stuck; and threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {
namespace {

using testing::HasSubstr;

class Limit : public testing::TestWithParam<Tool> {
 protected:
  const Tool& tool() const { return GetParam(); }
  std::vector<Socket> connect(const Daemon& daemon, int count) const {
    std::vector<Socket> clients;
    for (int i = 0; i < count; ++i) clients.push_back(daemon.connect());
    for (auto& client : clients) tool().ask(client);
    return clients;
  }
  // The quick options, and `more`, with which a client that hold() has been called for is never
  // idle, and so never gives way.
  std::vector<std::string> holding(std::vector<std::string> more) const {
    if (tool().name == "reverbd") more.insert(more.end(), {"--delay", "1h"});
    return tool().options(std::move(more));
  }
  void hold(Socket& client) const {
    tool().expect_answer(client);
    if (tool().name == "passwordd") client.send("GET ");
  }
};

INSTANTIATE_TEST_SUITE_P(Each, Limit, testing::Values(clockd(), reverbd(), passwordd()),
                         [](const auto& tool) { return tool.param.name; });

// Resets whoever is served until all have been; each one's leaving lets the next one in.
std::size_t serve_in_turn(const Tool& tool, std::vector<Socket>& clients) {
  std::vector<Channel*> waiting;
  for (auto& client : clients) waiting.push_back(&client);
  std::size_t served = 0;
  for (; !waiting.empty(); ++served) {
    const auto next = waiting.begin() + static_cast<long>(first_readable(waiting));
    tool.expect_answer(**next);
    static_cast<Socket*>(*next)->reset();
    waiting.erase(next);
  }
  return served;
}

TEST_P(Limit, AtMaxClientsOthersWaitAndAreServedLater) {
  Daemon daemon(tool().name, holding({"--max-clients", "2"}));
  auto clients = connect(daemon, 6);
  for (std::size_t i = 0; i < 2; ++i) hold(clients[i]);
  for (std::size_t i = 2; i < 6; ++i) EXPECT_TRUE(clients[i].silent_for(Millis(100)));
  clients[0].reset();
  hold(clients[2]);
  for (std::size_t i = 3; i < 6; ++i) EXPECT_TRUE(clients[i].silent_for(Millis(100)));
  for (std::size_t i = 1; i < 3; ++i) clients[i].reset();
  clients.erase(clients.begin(), clients.begin() + 3);
  EXPECT_EQ(serve_in_turn(tool(), clients), 3u);
}

TEST_P(Limit, MaxClientsOneIsTheSequentialServer) {
  Daemon daemon(tool().name, tool().options({"-m", "1"}));
  auto clients = connect(daemon, 4);
  for (auto& client : clients) {
    (void)client.line();
    client.reset();
  }
}

TEST_P(Limit, MaxClientsCountsOverAllListeners) {
  auto argv = holding({"-m", "1", "--print-port", "localhost:0"});
  argv.insert(argv.begin(), tool().name);
  Process daemon(argv);
  const int port = std::stoi(daemon.out.line());
  auto first = connect_tcp("127.0.0.1", port);
  tool().ask(first);
  hold(first);
  auto second = connect_tcp("::1", port);
  tool().ask(second);
  EXPECT_TRUE(second.silent_for(kSilence));
  first.reset();
  (void)second.line();
}

TEST_P(Limit, MaxClientsCountsOverAllThreads) {
  Daemon daemon(tool().name, tool().options({"--threads", "2", "-m", "2"}));
  auto clients = connect(daemon, 12);
  wait_until("two clients", [&] {
    daemon.signal(SIGUSR1);
    return line_with(daemon.err, "clients now").find("clients now 2,") != std::string::npos;
  });
  std::size_t served = 0;
  for (auto& client : clients) served += !client.silent_for(Millis(50));
  EXPECT_EQ(served, 2u);
  EXPECT_EQ(serve_in_turn(tool(), clients), 12u);
}

TEST_P(Limit, ThreadsShareTheClients) {
  for (const char* threads : {"2", "0"}) {
    Daemon daemon(tool().name, tool().options({"--threads", threads}));
    auto clients = connect(daemon, 40);
    for (auto& client : clients) tool().expect_answer(client);
    EXPECT_EQ(daemon.stop(), 0);
  }
}

TEST_P(Limit, ThreadsStopTogether) {
  Daemon daemon(tool().name, tool().options({"--threads", "2", "-v"}));
  auto clients = connect(daemon, 20);
  for (auto& client : clients) tool().expect_answer(client);
  daemon.signal(SIGTERM);
  for (auto& client : clients) (void)client.rest();
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST_P(Limit, MaxPerAddressLetsOthersWaitButNotOtherAddresses) {
  auto argv = holding({"--max-per-address", "2", "--print-port", "localhost:0"});
  argv.insert(argv.begin(), tool().name);
  Process daemon(argv);
  const int port = std::stoi(daemon.out.line());
  std::vector<Socket> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect_tcp("127.0.0.1", port));
  for (auto& client : clients) tool().ask(client);
  for (std::size_t i = 0; i < 2; ++i) hold(clients[i]);
  for (std::size_t i = 2; i < 5; ++i) EXPECT_TRUE(clients[i].silent_for(Millis(50)));
  auto other = connect_tcp("::1", port);
  tool().prove_served(other);
  clients[1].reset();
  hold(clients[2]);
  EXPECT_TRUE(clients[3].silent_for(Millis(50)));
  for (const std::size_t i : {0u, 2u}) clients[i].reset();
  clients.erase(clients.begin(), clients.begin() + 3);
  EXPECT_EQ(serve_in_turn(tool(), clients), 2u);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(Limit, MaxPerAddressDrainsThoseWhoWait) {
  Daemon daemon(tool().name, tool().options({"--max-per-address", "1", "--drain", "1m"}));
  auto clients = connect(daemon, 10);
  tool().expect_answer(clients[0]);
  daemon.signal(SIGTERM);
  for (std::size_t i = 1; i < clients.size(); ++i) tool().expect_answer(clients[i]);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

// Neither spins nor exits nor drops anybody; says so once.
TEST_P(Limit, OutOfDescriptorsItWaitsForAClientToLeave) {
  Daemon daemon(tool().name, tool().options({"-m", "1000"}), {.descriptors = 64});
  auto clients = connect(daemon, 100);
  EXPECT_EQ(line_with(daemon.err, "too many open files"),
            tool().name + ": accept: too many open files (waiting for a client to leave)");
  const Millis before = daemon.cpu_time();
  EXPECT_TRUE(daemon.err.silent_for(Millis(1500))) << daemon.err.available();
  EXPECT_LT(daemon.cpu_time() - before, Millis(600)) << "it spins";
  EXPECT_EQ(serve_in_turn(tool(), clients), 100u);
  auto late = daemon.connect();
  tool().prove_served(late);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(Limit, OutOfDescriptorsTheThreadsSaySoOnce) {
  Daemon daemon(tool().name, tool().options({"-m", "1000", "-t", "4"}), {.descriptors = 64});
  auto clients = connect(daemon, 100);
  (void)line_with(daemon.err, "too many open files");
  EXPECT_TRUE(daemon.err.silent_for(Millis(1500))) << daemon.err.available();
}

TEST_P(Limit, DefaultMaxClientsFitsTheDescriptors) {
  Daemon daemon(tool().name, tool().options(), {.descriptors = 64});
  auto clients = connect(daemon, 100);
  EXPECT_EQ(serve_in_turn(tool(), clients), 100u);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(daemon.err.rest().find("too many open files"), std::string::npos);
}

TEST_P(Limit, OnceServesOneAndLeaves) {
  Daemon daemon(tool().name, tool().options({"--once"}));
  auto client = daemon.connect();
  tool().prove_served(client);
  EXPECT_TRUE(daemon.lives_for(kSilence)) << "the client is still there";
  client.reset();
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST_P(Limit, OnceRemovesItsUnixSocket) {
  const TempDir dir;
  Process daemon(tool().with({"--once", "unix:" + dir.path("socket")}));
  (void)daemon.err.line();
  auto client = connect_unix(dir.path("socket"));
  tool().prove_served(client);
  client.close();
  EXPECT_EQ(daemon.wait(kPrompt), 0);
  EXPECT_FALSE(can_connect_unix(dir.path("socket")));
}

// ---- at the limit an idle connection gives way ----

class Idle : public testing::TestWithParam<Tool> {};

INSTANTIATE_TEST_SUITE_P(Each, Idle, testing::Values(reverbd(), passwordd(), statusd()),
                         [](const auto& tool) { return tool.param.name; });

TEST_P(Idle, LongestIdleGivesWayToAClientThatWaits) {
  const Tool& tool = GetParam();
  for (const char* threads : {"1", "2"}) {
    Daemon daemon(tool.name, tool.options({"-m", "2", "--idle-timeout", "1h", "-t", threads}));
    auto first = daemon.connect();
    tool.prove_served(first);
    auto second = daemon.connect();
    tool.prove_served(second);
    (void)first.silent_for(kSilence);
    EXPECT_FALSE(first.at_end()) << "although no client waits";
    auto third = daemon.connect();
    tool.prove_served(third);
    if (threads[0] == '1') (void)first.rest();  // otherwise it may be the loop's own longest
    EXPECT_EQ(daemon.stop(), 0);
  }
}

TEST_P(Idle, LongestIdleGivesWayToAClientOfItsAddressThatWaits) {
  const Tool& tool = GetParam();
  for (const char* threads : {"1", "2"}) {
    Process daemon(tool.with({"--max-per-address", "2", "--idle-timeout", "1h", "-t", threads,
                              "--print-port", "localhost:0"}));
    const int port = std::stoi(daemon.out.line());
    auto other = connect_tcp("::1", port);
    tool.prove_served(other);
    auto first = connect_tcp("127.0.0.1", port);
    tool.prove_served(first);
    auto second = connect_tcp("127.0.0.1", port);
    tool.prove_served(second);
    (void)first.silent_for(kSilence);
    EXPECT_FALSE(first.at_end()) << "although no client waits";
    auto third = connect_tcp("127.0.0.1", port);
    tool.prove_served(third);
    if (threads[0] == '1') (void)first.rest();  // otherwise it may be the loop's own longest
    (void)other.silent_for(kSilence);
    EXPECT_FALSE(other.at_end()) << "of another address";
    EXPECT_EQ(daemon.stop(), 0);
  }
}

TEST(Idle, ReverbdWithEchoesPendingDoesNotGiveWay) {
  Daemon daemon("reverbd", {"-m", "1", "--delay", "1h"});
  auto busy = daemon.connect();
  reverbd().prove_served(busy);
  auto waits = daemon.connect();
  waits.send("Hi\n");
  EXPECT_TRUE(waits.silent_for(Millis(2'500)));
  busy.reset();
  EXPECT_EQ(waits.line(), "\t HI");
}

TEST(StuckReader, OfClockdIsClosedAfterTheWriteTimeout) {
  Daemon daemon("clockd", {"--interval", "1ms", "--format", kLongLines, "-v",  //
                           "--write-timeout", "500ms"});
  auto stuck = daemon.connect({.narrow = true});
  auto reader = daemon.connect();
  (void)line_with(daemon.err, "disconnected");
  (void)reader.line();
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(StuckReader, OfReverbdIsClosedAfterTheWriteTimeout) {
  Daemon daemon("reverbd", {"--delay", "1ms", "--write-timeout", "500ms", "-v"});
  auto stuck = daemon.connect({.narrow = true});
  try {
    (void)stuck.send_until_stuck("a line of some thirty bytes\n", Millis(200), 64 << 20);
  } catch (const std::exception&) {
    // On a busy machine the time was out before we had stopped.
  }
  (void)line_with(daemon.err, "disconnected");
}

TEST(StuckReader, OfReverbdWhoComesBackInTimeLosesNothing) {
  Daemon daemon("reverbd", {"--delay", "1ms"});
  auto client = daemon.connect({.narrow = true});
  const std::string line = "a line of some thirty bytes\n";
  std::size_t sent = client.send_until_stuck(line, Millis(300), 64 << 20);
  // Finish the line that got stuck half way while reading what has piled up.
  std::size_t lines = 0;
  while (sent % line.size() != 0) {
    (void)client.line();
    ++lines;
    sent += client.send_until_stuck(line.substr(sent % line.size()), Millis(0), 1);
  }
  client.finish();
  const std::string rest = client.rest();
  lines += static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\n'));
  EXPECT_EQ(lines, 3 * sent / line.size());
}

}  // namespace
}  // namespace e2e
