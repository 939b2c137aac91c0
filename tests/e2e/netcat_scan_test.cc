// netcat -z: which ports are open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "netns.h"
#include "session.h"

namespace e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

std::string succeeded(const std::string& port) {
  return "Connection to 127.0.0.1 " + port + " port [tcp/*] succeeded!\n";
}

// Listeners on 127.0.0.1, in the order of their ports.
std::vector<Listener> listeners(int count) {
  std::vector<Listener> all;
  for (int i = 0; i < count; ++i) all.push_back(Listener::tcp());
  std::ranges::sort(all, {}, &Listener::port);
  return all;
}

TEST(NetcatScan, AnOpenPortIsSilentAndStatus0) {
  auto server = Listener::tcp();
  for (const std::string option : {"-z", "--scan"}) {
    const auto end = run({"netcat", option, "127.0.0.1", server.port_text()});
    EXPECT_EQ(end.out + end.err, "");
    EXPECT_EQ(end.status, 0);
    auto peer = server.accept();
    EXPECT_EQ(peer.rest(), "");
  }
}

TEST(NetcatScan, SendsNothingAndReadsNoInput) {
  auto [reading, writing] = pipe_pair();
  Channel(writing.duplicate()).send("untouched\n");
  auto server = Listener::tcp();
  EXPECT_EQ(
      run({"netcat", "-z", "127.0.0.1", server.port_text()}, {}, {.in = Stdio::fd(reading)}).status,
      0);
  EXPECT_EQ(server.accept().rest(), "");
  EXPECT_EQ(Channel(reading.duplicate()).line(), "untouched");
}

TEST(NetcatScan, ARefusedPortIsOneLineAndStatus4) {
  const auto port = std::to_string(free_port());
  const auto end = run({"netcat", "-z", "127.0.0.1", port});
  EXPECT_EQ(end.err, "netcat: connect to 127.0.0.1 port " + port + ": connection refused\n");
  EXPECT_EQ(end.status, 4);
}

TEST(NetcatScan, VerboseReportsInTheOrderOfThePorts) {
  const auto open = listeners(3);
  const auto closed = std::to_string(free_port());
  std::vector<std::string> argv{"netcat", "-zv", "127.0.0.1", closed};
  std::vector<std::pair<int, std::string>> lines{{std::stoi(closed), refusal(closed)}};
  for (auto i = open.rbegin(); i != open.rend(); ++i) {
    argv.push_back(i->port_text());
    lines.emplace_back(i->port(), succeeded(i->port_text()));
  }
  std::ranges::sort(lines);
  std::string expected;
  for (const auto& [port, line] : lines) expected += line;
  const auto end = run(argv);
  EXPECT_EQ(end.err, expected);
  EXPECT_EQ(end.out, "");
  EXPECT_EQ(end.status, 0);
}

// In a network of its own: the neighbours of a port belong to other tests.
TEST(NetcatScan, ARangeHasBothItsEndsAndEachPortOnce) {
  const std::string reason = why_no_namespaces();
  if (!reason.empty()) GTEST_SKIP() << reason;
  const auto end = in_namespace(R"sh(
    cd "$(dirname "$HOSTS")"; mkfifo ports
    reverbd -q --print-port 127.0.0.1:2021 > ports & server=$!
    read -r port < ports
    netcat -zv 127.0.0.1 2022-2020 2021; echo status $?; kill $server)sh");
  EXPECT_EQ(end.err, refusal("2020") + succeeded("2021") + refusal("2022"));
  EXPECT_EQ(end.out, "status 0\n");
}

TEST(NetcatScan, ManyPortsAreStatus4WhenAllAreRefused) {
  const auto a = free_port();
  const auto b = free_port();
  const auto low = std::to_string(std::min(a, b));
  const auto high = std::to_string(std::max(a, b));
  ASSERT_NE(low, high);
  const std::string last =
      "netcat: connect to 127.0.0.1: none of 2 ports open: connection refused\n";
  const auto silent = run({"netcat", "-z", "127.0.0.1", high + "," + low});
  EXPECT_EQ(silent.err, last);
  EXPECT_EQ(silent.status, 4);
  const auto verbose = run({"netcat", "-zv", "127.0.0.1", high, low});
  EXPECT_EQ(verbose.err, refusal(low) + refusal(high));
  EXPECT_EQ(verbose.status, 4);
}

TEST(NetcatScan, AnOpenPortIsConnectedToOnce) {
  auto server = Listener::tcp();
  const auto end = run({"netcat", "-zv", "127.0.0.1", server.port_text(),
                        std::to_string(free_port()), std::to_string(free_port())});
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(server.accept().rest(), "");
  pollfd another{.fd = server.fd().get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&another, 1, 0), 0);
}

// The kernel sends the request again after a second.
TEST(NetcatScan, APortThatAnswersLateIsOpen) {
  auto full = Listener::tcp("127.0.0.1", 0);
  const auto filler = connect_tcp("127.0.0.1", full.port());
  const auto closed = std::to_string(free_port());
  Process netcat({"netcat", "-z", "--json", "127.0.0.1", full.port_text(), closed});
  EXPECT_THAT(netcat.err.line(), HasSubstr("resolved"));
  EXPECT_THAT(netcat.err.line(), AllOf(HasSubstr("\"port\":" + closed), HasSubstr("\"refused\"")));
  const auto first = full.accept();
  EXPECT_THAT(netcat.err.line(),
              AllOf(HasSubstr("\"port\":" + full.port_text()), HasSubstr("\"connected\"")));
  const auto end = finish(netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.err, "");
}

// More than run at a time, and fewer descriptors than that.
TEST(NetcatScan, HundredsOfPortsWithAHandfulOfDescriptors) {
  const auto open = listeners(8);
  std::vector<std::string> argv{"netcat", "-zv", "127.0.0.1", "1-300"};
  std::string expected;
  for (const auto& server : open) {
    argv.push_back(server.port_text());
    expected += succeeded(server.port_text());
  }
  const auto end = run(argv, {}, {.descriptors = 24});
  std::istringstream in(end.err);
  std::string found;
  for (std::string line; std::getline(in, line);)
    if (std::ranges::any_of(open, [&](const Listener& server) {
          return line + "\n" == succeeded(server.port_text());
        }))
      found += line + "\n";
  EXPECT_EQ(found, expected);
  EXPECT_THAT(end.err, testing::Not(HasSubstr("open files")));
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatScan, RandomOrderIsOfTheSamePorts) {
  const auto open = listeners(8);
  std::vector<std::string> argv{"netcat", "-zvr", "127.0.0.1"};
  std::string in_order;
  for (const auto& server : open) {
    argv.push_back(server.port_text());
    in_order += succeeded(server.port_text());
  }
  bool shuffled = false;
  for (int i = 0; i < 5; ++i) {  // all five in order: 1 in 10^23
    const auto end = run(argv);
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.err.size(), in_order.size());
    for (const auto& server : open) EXPECT_THAT(end.err, HasSubstr(succeeded(server.port_text())));
    shuffled = shuffled || end.err != in_order;
  }
  EXPECT_TRUE(shuffled);
}

TEST(NetcatScan, IntervalPutsOnePortAfterAnother) {
  const auto open = listeners(3);
  std::vector<std::string> argv{"netcat", "-zv", "-i", "300ms", "127.0.0.1"};
  for (const auto& server : open) argv.push_back(server.port_text());
  const auto start = Clock::now();
  const auto end = run(argv);
  EXPECT_EQ(end.status, 0);
  EXPECT_GE(Clock::now() - start, Millis(600));
  EXPECT_LT(Clock::now() - start, kPrompt);
}

// A full backlog drops what else comes, as a dead host would.
TEST(NetcatScan, TimeoutIsForEachPortAndTheyRunSideBySide) {
  std::vector<Listener> full;
  std::vector<Socket> fillers;
  std::vector<std::string> argv{"netcat", "-zv", "-w", "500ms", "127.0.0.1"};
  for (int i = 0; i < 20; ++i) {
    full.push_back(Listener::tcp("127.0.0.1", 0));
    fillers.push_back(connect_tcp("127.0.0.1", full.back().port()));
    argv.push_back(full.back().port_text());
  }
  const auto start = Clock::now();
  const auto end = run(argv);
  EXPECT_EQ(end.status, 5);
  EXPECT_LT(Clock::now() - start, kPrompt) << "one after another takes 10 s";
  EXPECT_THAT(end.err,
              HasSubstr("port " + full[0].port_text() + " (tcp) failed: Connection timed out\n"));
}

TEST(NetcatScan, ARefusalDoesNotHideATimeout) {
  auto full = Listener::tcp("127.0.0.1", 0);
  const auto filler = connect_tcp("127.0.0.1", full.port());
  const auto end = run({"netcat", "-z", "-w", "300ms", "127.0.0.1", full.port_text(),
                        std::to_string(free_port()), std::to_string(free_port())});
  EXPECT_EQ(end.status, 5);
  EXPECT_THAT(end.err, MatchesRegex("netcat: [^\n]+ timed out\n"));
}

TEST(NetcatScan, AUnixSocketIsOpenRefusedOrNotThere) {
  const TempDir dir;
  const auto path = dir.path("socket");
  EXPECT_EQ(run({"netcat", "-zU", path}).status, 6);
  auto server = Listener::unix_socket(path);
  const auto open = run({"netcat", "-zU", path});
  EXPECT_EQ(open.err, "");
  EXPECT_EQ(open.status, 0);
  server.close();
  const auto end = run({"netcat", "-zU", path});
  EXPECT_EQ(end.err, "netcat: connect to " + path + ": connection refused\n");
  EXPECT_EQ(end.status, 4);
}

TEST(NetcatScan, ANameThatIsNotFoundIsToldOnce) {
  const auto end = run({"netcat", "-zv", "-w", "10", "nosuch.invalid", "1-3"});
  EXPECT_EQ(end.status, 3);
  EXPECT_THAT(end.err, MatchesRegex("netcat: cannot resolve nosuch.invalid: [^\n]+\n"));
}

TEST(NetcatScan, ASourceThatIsNotOursIsStatus7) {
  EXPECT_EQ(run({"netcat", "-z", "-s", "192.0.2.1", "127.0.0.1", "1-3"}).status, 7);
}

TEST(NetcatScan, EveryAddressOfANameIsReported) {
  const std::string reason = why_no_namespaces();
  if (!reason.empty()) GTEST_SKIP() << reason;
  const auto end =
      in_namespace("netcat -zv localhost discard; echo $?; netcat -z 192.0.2.1 9-10; echo $?");
  EXPECT_EQ(end.out, "4\n6\n");
  EXPECT_THAT(
      end.err,
      AllOf(HasSubstr("connect to localhost (::1) port 9 (tcp) failed: Connection refused\n"),
            HasSubstr("connect to localhost (127.0.0.1) port 9 (tcp) failed: Connection refused\n"),
            HasSubstr("connect to 192.0.2.1: none of 2 ports open: ")));
}

}  // namespace
}  // namespace e2e
