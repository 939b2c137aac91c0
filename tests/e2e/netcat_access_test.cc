// netcat -l with --allow, --deny, --max-conns and --idle-timeout: who is served, and for how long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"
#include "udp_peer.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// A netcat from another address of this machine.
Outcome visit(const Listening& s, const std::string& from) {
  return run({"netcat", "-s", from, "127.0.0.1", std::to_string(s.port)}, "from " + from + "\n");
}

TEST(NetcatAccess, ADeniedClientLeavesTheServerWaiting) {
  Listening s({"--deny", "127.0.0.2"});
  EXPECT_EQ(visit(s, "127.0.0.2").out, "");
  EXPECT_THAT(s.netcat.err.line(), MatchesRegex("Connection denied from 127\\.0\\.0\\.2 [0-9]+"));
  EXPECT_EQ(visit(s, "127.0.0.1").status, 0);
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "from 127.0.0.1\n");
}

TEST(NetcatAccess, NobodyButWhoIsAllowed) {
  Listening s({"-k", "-d", "--allow", "127.0.0.2/31,127.1.0.0/16", "--deny", "127.0.0.3"});
  for (const char* last : {"127.0.0.1", "127.0.0.3", "127.0.0.4", "127.0.0.2", "127.1.2.3"})
    (void)visit(s, last);
  EXPECT_EQ(s.netcat.out.line(), "from 127.0.0.2");
  EXPECT_EQ(s.netcat.out.line(), "from 127.1.2.3");
}

TEST(NetcatAccess, DatagramsToo) {
  Process netcat({"netcat", "-ulv", "-W1", "--allow", "127.0.0.2", "127.0.0.1", "0"});
  const std::string line = netcat.err.line();
  const std::string port = line.substr(line.rfind(' ') + 1);
  for (const std::string from : {"127.0.0.1", "127.0.0.2"})
    (void)run({"netcat", "-u", "--send-only", "-s", from, "127.0.0.1", port}, from);
  EXPECT_EQ(finish(netcat).out, "127.0.0.2");
}

TEST(NetcatAccess, NamesAreLookedUpAtTheStart) {
  const auto end = run({"netcat", "-l", "--allow", "nosuch.invalid", "127.0.0.1", "0"});
  EXPECT_EQ(end.status, 3);
  EXPECT_THAT(end.err, MatchesRegex("netcat: cannot resolve nosuch.invalid: [^\n]*\n"));
}

TEST(NetcatAccess, WhatIsNoHostIsAUsageError) {
  const auto end = run({"netcat", "-l", "--allow", "10.0.0.0/33", "127.0.0.1", "0"});
  EXPECT_EQ(end.status, 2);
  EXPECT_EQ(end.err, "netcat: --allow: invalid HOST or HOST/BITS '10.0.0.0/33'\n");
}

TEST(NetcatMaxConns, OthersWaitUntilOneLeaves) {
  Listening s({"-k", "--max-conns", "2"});
  auto one = s.connect();
  auto two = s.connect();
  auto three = s.connect();
  one.send("one\n");
  EXPECT_EQ(s.netcat.out.line(), "one");
  two.send("two\n");
  EXPECT_EQ(s.netcat.out.line(), "two");
  three.send("three\n");
  EXPECT_TRUE(s.netcat.out.silent_for(kSilence));
  s.netcat.in.send("to those who are there\n");
  EXPECT_EQ(one.line(), "to those who are there");
  one.close();
  EXPECT_EQ(s.netcat.out.line(), "three");
  EXPECT_EQ(two.line(), "to those who are there");
  s.netcat.in.send("again\n");
  EXPECT_EQ(three.line(), "again");
}

TEST(NetcatMaxConns, CountsTheClientsOfAllAddresses) {
  Process netcat({"netcat", "-lkv", "--max-conns", "1", "localhost", "0"}, all_pipes());
  std::vector<int> ports;
  for (int i = 0; i < 2; ++i) {
    const std::string line = netcat.err.line();
    ports.push_back(std::stoi(line.substr(line.rfind(' ') + 1)));
  }
  auto first = connect_tcp("::1", ports[0]);
  first.send("first\n");
  EXPECT_EQ(netcat.out.line(), "first");
  auto second = connect_tcp("127.0.0.1", ports[1]);
  second.send("second\n");
  EXPECT_TRUE(netcat.out.silent_for(kSilence));
  first.close();
  EXPECT_EQ(netcat.out.line(), "second");
}

TEST(NetcatIdleTimeout, IsStatus9) {
  Session s({"--idle-timeout", "200ms"});
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 9);
  EXPECT_EQ(end.err, "netcat: " + s.place() + ": idle timeout (--idle-timeout)\n");
}

TEST(NetcatIdleTimeout, IsNoLimitOnTheWaitForAClient) {
  Listening s({"--idle-timeout", "100ms"});
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
  auto client = s.connect();
  EXPECT_EQ(s.netcat.wait(kPrompt), 9);
}

TEST(NetcatIdleTimeout, TakesThePlaceOfTheOtherLimit) {
  Session s({"-w", "200ms", "--idle-timeout", "0"});
  EXPECT_TRUE(s.netcat.lives_for(Millis(600)));
  s.peer.send("bye\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
}

TEST(NetcatIdleTimeout, LetsOneClientOfManyGo) {
  Listening s({"-k", "--idle-timeout", "300ms"});
  auto client = s.connect();
  EXPECT_EQ(client.rest(), "");
  EXPECT_TRUE(can_connect("127.0.0.1", s.port));
}

}  // namespace
}  // namespace e2e
