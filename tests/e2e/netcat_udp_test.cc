// netcat -u: datagrams, from and to plain sockets and other netcats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "netns.h"
#include "session.h"
#include "udp_peer.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

constexpr std::size_t kDatagramBytes = 65'507;

// Free a moment ago.
int free_udp_port() { return UdpPeer().port(); }

// ---- a client ----

TEST(NetcatUdp, EachReadIsOneDatagramAndNothingElseIsSent) {
  UdpPeer peer;
  Process netcat(client_of(peer, {"-v"}), all_pipes());
  for (const std::string line : {"one\n", "two", "three\n\n"}) {
    netcat.in.send(line);
    EXPECT_EQ(peer.receive(), line);
    peer.answer("got " + line + ".");
    EXPECT_EQ(netcat.out.take(line.size() + 5), "got " + line + ".");
  }
  netcat.in.close();
  EXPECT_EQ(netcat.wait(kPrompt), 0);
  EXPECT_FALSE(peer.readable(Millis(0)));
  EXPECT_EQ(netcat.err.rest(),
            "Connection to 127.0.0.1 " + peer.port_text() + " port [udp/*] succeeded!\n");
}

TEST(NetcatUdp, LongInputIsCut) {
  TempDir dir;
  const std::string data = noise(kDatagramBytes + 1);
  UdpPeer peer;
  const auto end = run(client_of(peer), "", {.in = Stdio::file(dir.file("in", data))});
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_EQ(peer.receive(), data.substr(0, kDatagramBytes));
  EXPECT_EQ(peer.receive(), data.substr(kDatagramBytes));
}

TEST(NetcatUdp, ALateAnswerIsWaitedForAndPrinted) {
  UdpPeer peer;
  Process netcat(client_of(peer), all_pipes());
  netcat.in.send("question");
  netcat.in.close();
  EXPECT_EQ(peer.receive(), "question");
  EXPECT_TRUE(netcat.lives_for(Millis(300)));
  const std::string answer = noise(kDatagramBytes);
  peer.answer(answer);
  EXPECT_EQ(netcat.out.rest(), answer);
  EXPECT_EQ(netcat.wait(kPrompt), 0);
}

TEST(NetcatUdp, QuitAfterSetsTheWait) {
  UdpPeer peer;
  for (const std::vector<std::string>& at_once :
       {std::vector<std::string>{"-q", "0"}, {"--send-only"}}) {
    EXPECT_EQ(run(client_of(peer, at_once), "x").status, 0);
    EXPECT_EQ(peer.receive(), "x");
  }
  for (const std::vector<std::string>& long_wait :
       {std::vector<std::string>{"-q", "-1"}, {"-q", "1m"}, {"-w", "1m"}}) {
    Process netcat(client_of(peer, long_wait));
    EXPECT_TRUE(netcat.lives_for(Millis(1500)));
  }
  EXPECT_EQ(run(client_of(peer, {"-w", "1"}), "x").status, 0);
}

TEST(NetcatUdp, APortThatNobodyHasIsStatus4) {
  UdpPeer deaf;
  deaf.refuse_others();
  const std::string port = deaf.port_text();
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"-u"}, {"-u", "-q", "0"}, {"-u", "--send-only"}}) {
    const auto end = run(netcat_argv(options, {"127.0.0.1", port}), "x");
    EXPECT_EQ(end.status, 4);
    EXPECT_EQ(end.err, "netcat: 127.0.0.1 port " + port + ": connection refused\n");
  }
  Process open({"netcat", "-u", "127.0.0.1", port}, all_pipes());
  open.in.send("x");
  EXPECT_EQ(open.wait(kPrompt), 4);
}

TEST(NetcatUdp, WhatCameBeforeTheRefusalIsPrinted) {
  UdpPeer peer;
  Process netcat(client_of(peer), all_pipes());
  netcat.in.send("one");
  EXPECT_EQ(peer.receive(), "one");
  netcat.signal(SIGSTOP);
  netcat.in.send("two");
  peer.answer("good");
  peer.answer("bye");
  peer.refuse_others();
  netcat.signal(SIGCONT);
  EXPECT_EQ(netcat.out.rest(), "goodbye");
  EXPECT_EQ(netcat.wait(kPrompt), 4);
}

TEST(NetcatUdp, IdleIsStatus9WhileThereMayBeInput) {
  UdpPeer peer;
  Process netcat(client_of(peer, {"-w", "300ms"}), all_pipes());
  EXPECT_EQ(netcat.wait(kPrompt), 9);
  EXPECT_EQ(netcat.err.rest(), "netcat: " + peer.place() + ": idle timeout (-w)\n");
}

TEST(NetcatUdp, SendsCrlf) {
  UdpPeer peer;
  EXPECT_EQ(run(client_of(peer, {"-C", "-q0"}), "a\nb\r\n").status, 0);
  EXPECT_EQ(peer.receive(), "a\r\nb\r\n");
}

TEST(NetcatUdp, LocalAddressAndPort) {
  UdpPeer peer;
  const int port = free_udp_port();
  EXPECT_EQ(
      run(client_of(peer, {"-s", "127.0.0.2", "-p", std::to_string(port), "-q0"}), "x").status, 0);
  EXPECT_EQ(peer.receive(), "x");
  EXPECT_EQ(peer.sender_address(), "127.0.0.2");
  EXPECT_EQ(peer.sender_port(), port);
  EXPECT_EQ(run(client_of(peer, {"-s", "127.0.0.1", "-p", peer.port_text()})).status, 7);
}

TEST(NetcatUdp, NamesAndFamilies) {
  UdpPeer v6(AF_INET6);
  const auto end = run({"netcat", "-uvq0", "localhost", v6.port_text()}, "x");
  EXPECT_THAT(end.err,
              StartsWith("Connection to localhost (::1) " + v6.port_text() + " port [udp/"));
  EXPECT_EQ(v6.receive(), "x");
  UdpPeer v4;
  EXPECT_EQ(run({"netcat", "-4uq0", "localhost:" + v4.port_text()}, "x").status, 0);
  EXPECT_EQ(v4.receive(), "x");
  EXPECT_EQ(run({"netcat", "-un", "localhost", "1"}).status, 3);
}

TEST(NetcatUdp, WhatARouterAnswersIsAFailure) {
  const std::string reason = why_no_namespaces();
  if (!reason.empty()) GTEST_SKIP() << reason;
  const auto end = in_namespace(R"sh(
    nft add rule inet test in udp dport 8001 reject with icmp type host-unreachable
    nft add rule inet test in udp dport 8002 reject with icmp type net-unreachable
    nft add rule inet test in udp dport 8003 reject with icmpv6 type addr-unreachable
    nft add rule inet test in udp dport 8004 reject with icmpv6 type admin-prohibited
    echo x | netcat -u 127.0.0.1 8001; echo $?
    echo x | netcat -u 127.0.0.1 8002; echo $?
    echo x | netcat -u ::1 8003; echo $?
    echo x | netcat -u ::1 8004; echo $?)sh");
  EXPECT_EQ(end.out, "6\n6\n6\n6\n");
  EXPECT_EQ(end.err,
            "netcat: 127.0.0.1 port 8001: host is unreachable\n"
            "netcat: 127.0.0.1 port 8002: network is unreachable\n"
            "netcat: ::1 port 8003: host is unreachable\n"
            "netcat: ::1 port 8004: permission denied\n");
}

TEST(NetcatUdp, ReceivesWithoutReadingInput) {
  UdpPeer peer;
  const int port = free_udp_port();
  Process netcat(client_of(peer, {"-d", "-W1", "-p", std::to_string(port), "-s", "127.0.0.1"}));
  wait_until("netcat hears", [&] {
    peer.send(port, "hello");
    return !netcat.out.silent_for(Millis(10));
  });
  EXPECT_EQ(netcat.wait(kPrompt), 0);
  EXPECT_EQ(netcat.out.rest(), "hello");
}

TEST(NetcatUdp, BroadcastHasToBeAllowedAndAnybodyMayAnswer) {
  Process server({"netcat", "-ulvn4", "-W", "1", "0"}, all_pipes());
  const std::string line = server.err.line();
  const std::string port = line.substr(line.rfind(' ') + 1);
  const auto denied = run({"netcat", "-u", "127.255.255.255", port});
  EXPECT_EQ(denied.status, 6);
  EXPECT_THAT(denied.err, MatchesRegex("netcat: [^\n]*-b to send to a broadcast[^\n]*\n"));
  UdpPeer peer;
  Process netcat({"netcat", "-ub", "-W1", "127.255.255.255", port}, all_pipes());
  netcat.in.send("anybody?");
  EXPECT_EQ(server.out.rest(), "anybody?");
  const std::string received = server.err.line();
  peer.send(std::stoi(received.substr(received.rfind(' ') + 1)), "me");
  EXPECT_EQ(netcat.out.rest(), "me");
  EXPECT_EQ(netcat.wait(kPrompt), 0);
}

TEST(NetcatUdp, OutputThatCannotBeWritten) {
  UdpPeer peer;
  Process full(client_of(peer), {.in = Stdio::pipe(), .out = Stdio::file("/dev/full")});
  full.in.send("x");
  peer.receive();
  peer.answer("y");
  EXPECT_EQ(full.wait(kPrompt), 8);
  Process gone(client_of(peer), all_pipes());
  gone.out.close();
  EXPECT_EQ(gone.wait(kPrompt), 128 + SIGPIPE);
}

// ---- a server ----

TEST(NetcatUdpListen, HearsTheFirstSenderOnly) {
  Bound s({}, all_pipes());
  UdpPeer first, second;
  first.send(s.port, "hello\n");
  EXPECT_EQ(s.netcat.out.line(), "hello");
  EXPECT_EQ(s.netcat.err.line(), "Connection received on 127.0.0.1 " + first.port_text());
  second.send(s.port, "me too\n");
  s.netcat.in.send("answer");
  EXPECT_EQ(first.receive(), "answer");
  first.send(s.port, "thanks\n");
  EXPECT_EQ(s.netcat.out.line(), "thanks");
  s.netcat.in.close();
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
  EXPECT_EQ(s.netcat.out.rest(), "");
}

TEST(NetcatUdpListen, WithoutInputReceivesUntilASignal) {
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"-d"}}) {
    Bound s(options);
    UdpPeer peer;
    peer.send(s.port, "a");
    EXPECT_TRUE(s.netcat.lives_for(Millis(1500)));
    peer.send(s.port, "b");
    EXPECT_EQ(s.netcat.out.take(2), "ab");
    EXPECT_EQ(s.netcat.stop(), 128 + SIGTERM);
  }
}

TEST(NetcatUdpListen, KeepOpenHearsEverybodyAndAnswersTheLatest) {
  Bound s({"-k"}, all_pipes());
  UdpPeer first, second;
  first.send(s.port, "1");
  EXPECT_EQ(s.netcat.out.take(1), "1");
  s.netcat.in.send("to first");
  EXPECT_EQ(first.receive(), "to first");
  second.send(s.port, "2");
  EXPECT_EQ(s.netcat.out.take(1), "2");
  s.netcat.in.send("to second");
  EXPECT_EQ(second.receive(), "to second");
  s.netcat.in.close();
  EXPECT_TRUE(s.netcat.lives_for(Millis(1500)));
  first.send(s.port, "3");
  EXPECT_EQ(s.netcat.out.take(1), "3");
}

TEST(NetcatUdpListen, LeavesAfterSoManyDatagrams) {
  Bound s({"-W", "3"});
  UdpPeer peer;
  for (const char* datagram : {"a", "", "b", "c"}) peer.send(s.port, datagram);
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
  EXPECT_EQ(s.netcat.out.rest(), "ab");
}

TEST(NetcatUdpListen, TimeLimits) {
  const auto nobody = run({"netcat", "-ul", "-w", "300ms", "127.0.0.1", "0"});
  EXPECT_EQ(nobody.status, 5);
  EXPECT_THAT(nobody.err, MatchesRegex("netcat: [^\n]+\n"));
  Bound s({"-w", "1"});
  UdpPeer peer;
  peer.send(s.port, "x");
  EXPECT_EQ(s.netcat.wait(kPrompt), 9);
  EXPECT_EQ(s.netcat.out.rest(), "x");
}

TEST(NetcatUdpListen, PortInUseIsStatus7) {
  Bound s;
  const auto end = run({"netcat", "-ul", "127.0.0.1", s.port_text()});
  EXPECT_EQ(end.status, 7);
  EXPECT_EQ(end.err,
            "netcat: listen on 127.0.0.1 port " + s.port_text() + ": address already in use\n");
}

// ---- Unix-domain datagrams ----

TEST(NetcatUdpUnix, ClientAndServerTalk) {
  TempDir dir;
  const std::string path = dir.path("server"), own = dir.path("client");
  for (const std::vector<std::string>& source : {std::vector<std::string>{}, {"-s", own}}) {
    Process server({"netcat", "-uUlv", path}, all_pipes());
    EXPECT_EQ(server.err.line(), "Bound on " + path);
    Process client(netcat_argv(source, {"-uU", path}), all_pipes());
    client.in.send("hello\n");
    EXPECT_EQ(server.out.line(), "hello");
    EXPECT_EQ(server.err.line(), "Connection received on " + path);
    server.in.send("answer\n");
    EXPECT_EQ(client.out.line(), "answer");
    client.in.close();
    EXPECT_EQ(client.wait(kPrompt), 0);
    EXPECT_FALSE(std::filesystem::exists(own));
    EXPECT_EQ(server.stop(), 128 + SIGTERM);
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

// The sender waits for room: nothing is lost.
TEST(NetcatUdpUnix, BulkArrivesWhole) {
  TempDir dir;
  const std::string data = noise(5'000'000), path = dir.path("server");
  const auto packets = std::to_string((data.size() + kDatagramBytes - 1) / kDatagramBytes);
  Process server({"netcat", "-uUlv", "-W", packets, path});
  EXPECT_EQ(server.err.line(), "Bound on " + path);
  Process client({"netcat", "-uUq0", path}, {.in = Stdio::file(dir.file("in", data))});
  EXPECT_TRUE(server.out.rest() == data);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(client.wait(), 0);
}

TEST(NetcatUdpUnix, StalePathsAreReplacedAndLiveOnesRefused) {
  TempDir dir;
  const std::string path = dir.path("s");
  {
    Process killed({"netcat", "-uUlv", path});
    EXPECT_EQ(killed.err.line(), "Bound on " + path);
    EXPECT_EQ(run({"netcat", "-uUl", path}).status, 7);
    killed.signal(SIGKILL);
    killed.wait();
  }
  EXPECT_EQ(run({"netcat", "-uU", path}).status, 4);
  Process again({"netcat", "-uUlv", path});
  EXPECT_EQ(again.err.line(), "Bound on " + path);
  EXPECT_EQ(run({"netcat", "-uU", dir.path("none")}).status, 6);
}

// ---- other netcats ----

TEST(NetcatUdpPeers, OpenBsdsNc) {
  if (!installed("nc.openbsd")) GTEST_SKIP() << "no nc.openbsd";
  Process server({"nc.openbsd", "-nulv", "127.0.0.1", "0"}, all_pipes());
  const std::string line = server.err.line();
  ASSERT_THAT(line, MatchesRegex("Bound on 127\\.0\\.0\\.1 [0-9]+"));
  Process client({"netcat", "-u", "127.0.0.1", line.substr(line.rfind(' ') + 1)}, all_pipes());
  client.in.send("to nc\n");
  EXPECT_EQ(server.out.line(), "to nc");
  server.in.send("from nc\n");
  EXPECT_EQ(client.out.line(), "from nc");
  Bound ours({}, all_pipes());
  Process theirs({"nc.openbsd", "-u", "127.0.0.1", ours.port_text()}, all_pipes());
  theirs.in.send("hello\n");
  EXPECT_EQ(ours.netcat.out.line(), "hello");
  ours.netcat.in.send("answer\n");
  EXPECT_EQ(theirs.out.line(), "answer");
}

TEST(NetcatUdpPeers, SocatsEcho) {
  if (!installed("socat")) GTEST_SKIP() << "no socat";
  const std::string port = std::to_string(free_udp_port());
  Process socat(
      {"socat", "-d", "-d", "UDP4-RECVFROM:" + port + ",bind=127.0.0.1,fork", "EXEC:cat"});
  ASSERT_THAT(socat.err.line(), HasSubstr("receiving on"));
  const auto end = run({"netcat", "-u", "-W1", "-w20", "127.0.0.1", port}, "hello\n");
  EXPECT_EQ(end.out, "hello\n");
  EXPECT_EQ(end.status, 0);
}

}  // namespace
}  // namespace e2e
