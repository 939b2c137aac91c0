// netcat -u in detail: time limits, options with their own meaning for UDP, sources of answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <algorithm>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "session.h"
#include "udp_peer.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// Two connected sockets that keep messages apart, SOCK_DGRAM or SOCK_SEQPACKET.
struct MessagePair {
  explicit MessagePair(int type) {
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) fail_errno("socketpair");
    ours = Fd(ends[0]);
    theirs = Fd(ends[1]);
    const timeval limit{.tv_sec = kPatience.count() / 1000, .tv_usec = 0};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  std::string receive(int flags = 0) const {
    std::string message(100'000, '\0');
    const ssize_t n = recv(ours.get(), message.data(), message.size(), flags);
    if (n < 0) return "no message";
    message.resize(static_cast<std::size_t>(n));
    return message;
  }

  Fd ours, theirs;
};

// ---- time limits ----

// Stopped until long after its limit, as in a paused container.
void stop_beyond(Process& netcat, Millis limit, const std::function<void()>& meanwhile) {
  netcat.signal(SIGSTOP);
  meanwhile();
  std::this_thread::sleep_for(limit + Millis(300));
  netcat.signal(SIGCONT);
}

TEST(NetcatDatagram, WhatHasArrivedIsPrintedBeforeALimitEndsTheRun) {
  for (const Words& options : {Words{}, {"-w", "1"}, {"-q", "1"}}) {
    UdpPeer peer;
    Process netcat(client_of(peer, options), all_pipes());
    netcat.in.send("question");
    netcat.in.close();
    EXPECT_EQ(peer.receive(), "question");
    stop_beyond(netcat, Millis(1000), [&] { peer.answer("answer"); });
    EXPECT_EQ(netcat.out.rest(), "answer");
    EXPECT_EQ(netcat.wait(kPrompt), 0);
  }
  UdpPeer peer;
  Process idle(client_of(peer, {"-w", "1"}), all_pipes());
  idle.in.send("question");
  EXPECT_EQ(peer.receive(), "question");
  stop_beyond(idle, Millis(1000), [&] { peer.answer("answer"); });
  EXPECT_EQ(idle.out.rest(), "answer");
  EXPECT_EQ(idle.wait(kPrompt), 9);
}

TEST(NetcatDatagram, AListenerToo) {
  Bound s({"-w", "1"}, all_pipes());
  UdpPeer peer;
  stop_beyond(s.netcat, Millis(1000), [&] { peer.send(s.port, "hello"); });
  EXPECT_EQ(s.netcat.out.rest(), "hello");
  EXPECT_EQ(s.netcat.wait(kPrompt), 9);
  EXPECT_THAT(s.netcat.err.rest(), HasSubstr("idle timeout (-w)\n"));
  const auto nobody = run({"netcat", "-ul", "-w", "200ms", "127.0.0.1", "0"});
  EXPECT_THAT(nobody.err, HasSubstr("timed out waiting for a datagram (-w)\n"));
}

TEST(NetcatDatagram, ATimeLimitDoesNotCountWhileOutputBlocks) {
  UdpPeer peer;
  auto [ours, theirs] = pipe_pair();
  Process netcat(client_of(peer, {"-w", "1"}), {.in = Stdio::pipe(), .out = Stdio::fd(theirs)});
  theirs.close();
  netcat.in.send("x");
  peer.receive();
  for (int i = 0; i < 4; ++i) peer.answer(noise(50'000));  // more than the pipe holds
  EXPECT_TRUE(netcat.lives_for(Millis(1500)));
  EXPECT_EQ(Channel(std::move(ours)).rest().size(), 200'000U);
  EXPECT_EQ(netcat.wait(kPrompt), 9);
}

TEST(NetcatDatagram, TimeoutZeroExitsOnceTheInputIsSent) {
  UdpPeer peer;
  for (const char* zero : {"-w0", "-w0s", "--timeout=0"}) {
    EXPECT_EQ(run(client_of(peer, {zero}), "stats.x:1|c").status, 0);
    EXPECT_EQ(peer.receive(), "stats.x:1|c");
  }
  auto fastest = Clock::duration::max();
  for (int tries = 0; tries < 50 && fastest >= Millis(1000); ++tries) {
    const auto start = Clock::now();
    run(client_of(peer, {"-w0"}), "x");
    fastest = std::min(fastest, Clock::now() - start);
  }
  EXPECT_LT(fastest, Millis(1000)) << "the wait for an answer without it";
  const auto tcp = run({"netcat", "-w0", "127.0.0.1", "1"});
  EXPECT_EQ(tcp.status, 2);
  EXPECT_EQ(tcp.err, "netcat: --timeout: must be greater than 0 (only --udp allows 0)\n");
  peer.refuse_others();
  EXPECT_EQ(run(client_of(peer, {"-w0"}), "x").status, 4);
}

TEST(NetcatDatagram, IntervalSendsALineAtATime) {
  UdpPeer peer;
  Process netcat(client_of(peer, {"-w", "1", "-i", "400ms"}), all_pipes());
  const auto start = Clock::now();
  netcat.in.send("one\ntwo\nth");
  EXPECT_EQ(peer.receive(), "one\n");
  EXPECT_EQ(peer.receive(), "two\n");
  EXPECT_GE(Clock::now() - start, Millis(400));
  netcat.in.send("ree\nfour");
  EXPECT_EQ(peer.receive(), "three\n");
  netcat.in.close();
  EXPECT_EQ(peer.receive(), "four");
  EXPECT_GE(Clock::now() - start, Millis(1200));
  EXPECT_EQ(netcat.wait(kPrompt), 0);
  EXPECT_FALSE(peer.readable(Millis(0)));
}

// ---- many at once ----

TEST(NetcatDatagram, AQueueIsWrittenWholeAndInOrder) {
  UdpPeer peer;
  Process netcat(client_of(peer), all_pipes());
  netcat.in.send("x");
  peer.receive();
  netcat.signal(SIGSTOP);
  std::string all;
  for (int i = 0; i < 150; ++i) {
    const std::string datagram = i % 10 == 0 ? "" : std::to_string(i) + ",";
    peer.answer(datagram);
    all += datagram;
  }
  netcat.signal(SIGCONT);
  netcat.in.close();
  EXPECT_EQ(netcat.out.rest(), all);
  EXPECT_EQ(netcat.wait(kPrompt), 0);
}

TEST(NetcatDatagram, OutputThatIsAMessageSocketGetsOneForEach) {
  for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    const MessagePair pair(type);
    UdpPeer peer;
    Process netcat(client_of(peer), {.in = Stdio::pipe(), .out = Stdio::fd(pair.theirs)});
    netcat.in.send("x");
    peer.receive();
    netcat.signal(SIGSTOP);
    const Words datagrams{"one", "two", noise(30'000), "three"};
    for (const std::string& datagram : datagrams) peer.answer(datagram);
    netcat.signal(SIGCONT);
    for (const std::string& datagram : datagrams) EXPECT_EQ(pair.receive(), datagram);
  }
}

TEST(NetcatDatagram, WhatTheKernelKeepsTogetherAreStillSingleDatagrams) {
  const MessagePair pair(SOCK_DGRAM);
  UdpPeer peer;
  Process netcat(client_of(peer, {"-W", "5"}),
                 {.in = Stdio::pipe(), .out = Stdio::fd(pair.theirs)});
  netcat.in.send("x");
  peer.receive();
  peer.segment_by(3);
  peer.answer("onetwo3");
  peer.answer("aaabbbccc");
  for (const char* datagram : {"one", "two", "3", "aaa", "bbb"})
    EXPECT_EQ(pair.receive(), datagram);
  EXPECT_EQ(netcat.wait(kPrompt), 0);
  EXPECT_EQ(pair.receive(MSG_DONTWAIT), "no message") << "a sixth";
}

TEST(NetcatDatagram, AndAreWrittenInOrder) {
  UdpPeer peer;
  Process netcat(client_of(peer), all_pipes());
  netcat.in.send("x");
  peer.receive();
  peer.segment_by(1'000);
  std::string all;
  for (const std::size_t size : {60'000U, 1U, 999U, 1'000U, 1'001U, 2'500U}) {
    all += noise(size);
    peer.answer(noise(size));
  }
  netcat.in.close();
  EXPECT_EQ(netcat.out.rest(), all);
  EXPECT_EQ(netcat.wait(kPrompt), 0);
}

// A refusal must not make a client deaf to its limits while datagrams keep coming.
TEST(NetcatDatagram, AFloodDoesNotHideTheRefusal) {
  UdpPeer peer;
  Process netcat(client_of(peer), {.in = Stdio::pipe(), .out = Stdio::file("/dev/null")});
  netcat.in.send("x");
  peer.receive();
  peer.answer("y");
  const int port = peer.sender_port();
  peer.refuse_others();
  netcat.in.send("z");
  wait_until("netcat exits", [&] {
    for (int i = 0; i < 2000; ++i) peer.send(port, "more");
    return !netcat.lives_for(Millis(0));
  });
  EXPECT_EQ(netcat.wait(kPrompt), 4);
}

TEST(NetcatDatagram, ATruncatedDatagramIsNeverASuccess) {
  TempDir dir;
  const std::string path = dir.path("s");
  Process server({"netcat", "-uUlv", path}, all_pipes());
  EXPECT_EQ(server.err.line(), "Bound on " + path);
  const Fd sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int size = 4 << 20;
  setsockopt(sender.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  const std::string data = noise(300'000);
  const auto* address = reinterpret_cast<const sockaddr*>(&to);
  if (sendto(sender.get(), data.data(), data.size(), 0, address, sizeof to) < 0)
    GTEST_SKIP() << "no datagrams of that size here";
  EXPECT_EQ(server.wait(kPrompt), 1);
  EXPECT_THAT(server.err.rest(), HasSubstr("a datagram of 300000 bytes is too long\n"));
}

// ---- where answers come from, and go to ----

TEST(NetcatDatagram, AnswersLeaveFromTheAddressThatWasAsked) {
  for (const Words& options : {Words{"-4"}, {"-4k"}, {"-4", "-s", "0.0.0.0"}}) {
    Process netcat(netcat_argv(options, {"-ulvn", "-p", "0"}), all_pipes());
    const int port = announced_port(netcat);
    UdpPeer peer, other;
    for (const std::string word : {"one\n", "two\n"}) {
      peer.send(port, word, "127.0.0.2");
      EXPECT_EQ(netcat.out.line() + "\n", word);
      netcat.in.send("answer to " + word);
      EXPECT_EQ(peer.receive(), "answer to " + word);
      EXPECT_EQ(peer.sender_address(), "127.0.0.2");
      EXPECT_EQ(peer.sender_port(), port);
    }
    if (options == Words{"-4k"}) continue;
    other.send(port, "not heard\n", "127.0.0.2");
    peer.send(port, "three\n", "127.0.0.2");
    EXPECT_EQ(netcat.out.line(), "three");
    peer.refuse_others();
    netcat.in.send("lost");
    EXPECT_EQ(netcat.wait(kPrompt), 4);
  }
}

TEST(NetcatDatagram, WhatComesRightAfterTheBindIsAnsweredFromThereToo) {
  Process netcat({"netcat", "-ulvn4", "0"},
                 {.in = Stdio::pipe(),
                  .env = {"LD_PRELOAD=" FAILING_CALLS, "PAUSE_AFTER_BIND=1",
                          "ASAN_OPTIONS=verify_asan_link_order=0"}});
  const std::string bound = netcat.err.line();
  UdpPeer peer;
  peer.send(std::stoi(bound.substr(bound.rfind(' ') + 1)), "early\n", "127.0.0.2");
  netcat.in.send(".");
  EXPECT_EQ(netcat.out.line(), "early");
  netcat.in.send("answer\n");
  EXPECT_EQ(peer.receive(), "answer\n");
  EXPECT_EQ(peer.sender_address(), "127.0.0.2");
}

TEST(NetcatDatagram, OtherNetcatsAreAnsweredFromThere) {
  for (const Words& program :
       {Words{"nc.openbsd", "-u", "127.0.0.3"}, {"socat", "-t5", "-", "UDP4:127.0.0.3:"}}) {
    if (!installed(program.front())) continue;
    Process server({"netcat", "-ulvn4", "0"}, all_pipes());
    const std::string port = std::to_string(announced_port(server));
    Words argv = program;
    if (argv.front() == "socat")
      argv.back() += port;
    else
      argv.push_back(port);
    Process client(argv, all_pipes());
    client.in.send("hello\n");
    EXPECT_EQ(server.out.line(), "hello");
    server.in.send("answer\n");
    EXPECT_EQ(client.out.line(), "answer") << program.front();
  }
}

TEST(NetcatDatagram, EachNewSenderIsNamed) {
  Bound s({"-k"}, all_pipes());
  UdpPeer first, second;
  for (UdpPeer* peer : {&first, &second, &first, &second}) {
    peer->send(s.port, "x");
    EXPECT_EQ(s.netcat.out.take(1), "x");
  }
  s.netcat.stop();
  EXPECT_EQ(s.netcat.err.rest(), "Connection received on 127.0.0.1 " + first.port_text() +
                                     "\nConnection received on 127.0.0.1 " + second.port_text() +
                                     "\n");
}

TEST(NetcatDatagram, JsonNamesThemToo) {
  Process netcat({"netcat", "-ulk4", "--json", "0"}, all_pipes());
  const std::string listening = netcat.err.line();
  const std::string port = listening.substr(listening.rfind(':') + 1);
  UdpPeer first, second;
  for (UdpPeer* peer : {&first, &second, &first}) {
    peer->send(std::stoi(port), "x", "127.0.0.2");
    EXPECT_EQ(netcat.out.take(1), "x");
  }
  for (const UdpPeer* peer : {&first, &second})
    EXPECT_EQ(netcat.err.line(),
              R"({"event":"connected","protocol":"udp","address":"127.0.0.1","port":)" +
                  peer->port_text() +
                  R"(,"direction":"in","local_address":"127.0.0.2","local_port":)" +
                  std::to_string(std::stoi(port)) + "}");
  EXPECT_TRUE(netcat.err.silent_for(kSilence));
}

TEST(NetcatDatagram, WhoAnswersABroadcastIsNamed) {
  Process server({"netcat", "-ulvn4", "0"}, all_pipes());
  const std::string port = std::to_string(announced_port(server));
  Process netcat({"netcat", "-ubvn", "127.255.255.255", port}, all_pipes());
  netcat.in.send("anyone?\n");
  EXPECT_EQ(server.out.line(), "anyone?");
  const std::string received = server.err.line();
  UdpPeer peer;
  peer.send(std::stoi(received.substr(received.rfind(' ') + 1)), "me");
  EXPECT_EQ(netcat.out.take(2), "me");
  EXPECT_EQ(netcat.err.line(), "Connection received on 127.0.0.1 " + peer.port_text());
}

// ---- Unix-domain datagrams ----

TEST(NetcatDatagramUnix, ASecondClientIsIgnoredAndNotRefused) {
  TempDir dir;
  const std::string path = dir.path("s");
  Process server({"netcat", "-uUlv", path}, all_pipes());
  EXPECT_EQ(server.err.line(), "Bound on " + path);
  Process first({"netcat", "-uU", path}, all_pipes());
  first.in.send("hello\n");
  EXPECT_EQ(server.out.line(), "hello");
  const auto second = run({"netcat", "-uU", "-w0", path}, "me too\n");
  EXPECT_EQ(second.err, "");
  EXPECT_EQ(second.status, 0);
  first.in.send("again\n");
  EXPECT_EQ(server.out.line(), "again");
  server.in.send("answer\n");
  EXPECT_EQ(first.out.line(), "answer");
}

TEST(NetcatDatagramUnix, KeepOpenOutlivesAClientThatIsGone) {
  TempDir dir;
  const std::string path = dir.path("s");
  Process server({"netcat", "-uUlkv", path}, all_pipes());
  EXPECT_EQ(server.err.line(), "Bound on " + path);
  EXPECT_EQ(run({"netcat", "-uUq0", path}, "a\n").status, 0);
  EXPECT_EQ(server.out.line(), "a");
  EXPECT_EQ(server.err.line(), "Connection received on " + path);
  server.in.send("lost");
  EXPECT_THAT(server.err.line(), MatchesRegex("netcat: unix:@[^\n]*: connection refused"));
  Process client({"netcat", "-uU", path}, all_pipes());
  client.in.send("b\n");
  EXPECT_EQ(server.out.line(), "b");
  server.in.send("found\n");
  EXPECT_EQ(client.out.line(), "found");
}

}  // namespace
}  // namespace e2e
