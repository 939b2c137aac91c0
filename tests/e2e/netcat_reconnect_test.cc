// netcat --reconnect: a connection that ends is made again, and no input is lost or sent twice.
#include <sys/ioctl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;

Words reconnecting(const Words& more = {}) {
  return with({"--reconnect", "--retry-interval", "10ms"}, more);
}

// The kernel has sent the peer all that it takes, and probes its window.
bool is_stuck(const Socket& peer) {
  char ends[48];
  std::snprintf(ends, sizeof ends, "0100007F:%04X 0100007F:%04X 01 ",
                static_cast<unsigned>(peer.peer_port()), static_cast<unsigned>(peer.local_port()));
  const std::string list = read_file("/proc/net/tcp");
  const std::size_t at = list.find(ends);
  return at != std::string::npos && list.substr(at + std::string(ends).size() + 18, 2) == "04";
}

// What has arrived when nothing more can, because nobody reads it.
std::size_t all_that_arrives(const Socket& peer) {
  // A probe takes what room there is, which may be more again after that; the pauses between the
  // probes double: 0.2, 0.4, 0.8, 1.6 s.
  constexpr Millis kProbes{3500};
  int bytes = 0;
  auto since = Clock::now();
  wait_until("the peer's buffer is full", [&] {
    const int before = bytes;
    EXPECT_EQ(ioctl(peer.fd(), FIONREAD, &bytes), 0);
    if (bytes != before || !is_stuck(peer)) since = Clock::now();
    return Clock::now() - since > kProbes;
  });
  return static_cast<std::size_t>(bytes);
}

TEST(NetcatReconnect, InputAfterTheFirstConnectionGoesToTheNext) {
  Session s(reconnecting());
  s.netcat.in.send("one\n");
  EXPECT_EQ(s.peer.line(), "one");
  s.peer.send("bye\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.out.line(), "bye");
  Socket second = s.server.accept();
  s.netcat.in.send("two\n");
  EXPECT_EQ(second.line(), "two");
  s.netcat.in.close();
  EXPECT_EQ(second.rest(), "");
  second.send("done\n");
  second.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "done\n");
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

// What had arrived when the connection was reset is not sent again, and all the rest is.
TEST(NetcatReconnect, WhatWasNotAcknowledgedIsSentAgain) {
  TempDir dir;
  const std::string data = noise(20'000'000);
  Session s(reconnecting(), {.in = Stdio::file(dir.file("in", data))}, true);
  std::size_t arrived = 0;
  Socket peer = std::move(s.peer);
  for (int i = 0; i < 3; ++i) {
    arrived += all_that_arrives(peer);
    peer.reset();
    peer = s.server.accept();
  }
  EXPECT_GT(arrived, 0U);
  EXPECT_TRUE(peer.rest() == data.substr(arrived));
  peer.close();
  EXPECT_EQ(finish(s.netcat).status, 0);
}

TEST(NetcatReconnect, AServerThatIsNotThereYetIsWaitedFor) {
  const int port = free_port();
  Process netcat(netcat_argv(reconnecting({"-v"}), {"127.0.0.1", std::to_string(port)}),
                 all_pipes());
  netcat.in.send("early\n");
  EXPECT_THAT(netcat.err.line(), HasSubstr("Connection refused"));
  EXPECT_THAT(netcat.err.line(), HasSubstr("connecting again in 0.01 s"));
  EXPECT_THAT(netcat.err.line(), HasSubstr("Connection refused"));
  EXPECT_THAT(netcat.err.line(), HasSubstr("connecting again in 0.02 s"));
  Process server({"netcat", "-l", "127.0.0.1", std::to_string(port)}, all_pipes());
  EXPECT_EQ(server.out.line(), "early");
  server.in.send("welcome\n");
  EXPECT_EQ(netcat.out.line(), "welcome");
  netcat.in.close();
  server.in.close();
  EXPECT_EQ(netcat.wait(), 0);
}

// While there is no connection, input is not lost: it waits.
TEST(NetcatReconnect, InputThatEndsWithoutAConnectionIsStillSent) {
  Session s(reconnecting());
  s.server.refuse();
  s.peer.send("bye\n");
  s.peer.reset();
  EXPECT_EQ(s.netcat.out.line(), "bye");
  s.netcat.in.send("last words\n");
  s.netcat.in.close();
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
  Process server({"netcat", "-l", "127.0.0.1", s.server.port_text()}, {.in = Stdio::null()});
  EXPECT_EQ(finish(server).out, "last words\n");
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatReconnect, WithoutInputItGoesOnUntilASignal) {
  Session s(reconnecting({"-d"}));
  for (int i = 0; i < 3; ++i) {
    s.peer.send("hello\n");
    EXPECT_EQ(s.netcat.out.line(), "hello");
    s.peer.close();
    s.peer = s.server.accept();
  }
  EXPECT_EQ(s.netcat.stop(), 128 + SIGTERM);
}

TEST(NetcatReconnect, AnEmptyInputEndsWithThePeer) {
  Session s(reconnecting(), {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.send("answer\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "answer\n");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatReconnect, AResetWithNothingLeftToSendIsALoss) {
  Session s(reconnecting());
  s.netcat.in.send("all\n");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "all\n");
  s.peer.reset();
  const auto end = finish(s.netcat);
  EXPECT_THAT(end.err, HasSubstr("connection reset by peer"));
  EXPECT_EQ(end.status, 1);
}

TEST(NetcatReconnect, AnIdleConnectionIsMadeAgain) {
  Session s(reconnecting({"--idle-timeout", "300ms"}));
  Socket second = s.server.accept();
  s.netcat.in.send("hello\n");
  EXPECT_EQ(second.line(), "hello");
}

TEST(NetcatReconnect, LocalFailuresEndIt) {
  TempDir dir;
  Session full(reconnecting(), {.in = Stdio::pipe(), .out = Stdio::file("/dev/full")});
  full.peer.send("too much\n");
  EXPECT_EQ(full.netcat.wait(), 8);
  Session gone(reconnecting());
  gone.netcat.out.close();
  EXPECT_EQ(gone.netcat.wait(), 128 + SIGPIPE);
  // Also between two connections.
  const std::string port = std::to_string(free_port());
  Process waits(netcat_argv({"--reconnect", "--retry-interval", "1h", "-v"}, {"127.0.0.1", port}),
                all_pipes());
  EXPECT_THAT(waits.err.line(), HasSubstr("refused"));
  EXPECT_THAT(waits.err.line(), HasSubstr("connecting again"));
  waits.out.close();
  EXPECT_EQ(waits.wait(), 128 + SIGPIPE);
}

TEST(NetcatReconnect, AnAddressOfTheWrongFamilyEndsIt) {
  for (const Words& where : {Words{"-6", "127.0.0.1", "1"}, Words{"-4", "::1", "1"},
                             Words{"-6", "-s", "127.0.0.1", "localhost", "1"}}) {
    const auto end = run(with({"netcat", "--reconnect"}, where));
    EXPECT_EQ(end.status, 3);
    EXPECT_THAT(end.err, HasSubstr("address family not supported"));
  }
  const auto proxy = run({"netcat", "--reconnect", "-6", "-x", "127.0.0.1:1", "localhost", "1"});
  EXPECT_EQ(proxy.status, 11);
}

TEST(NetcatReconnect, UsageErrors) {
  for (const Words& options : {Words{"--tls"}, Words{"-l"}, Words{"-u"}, Words{"--wait"},
                               Words{"-e", "cat"}, Words{"-x", "https://localhost"}}) {
    const auto end = run(netcat_argv(with({"--reconnect"}, options), {"localhost", "1"}));
    EXPECT_EQ(end.status, 2) << options[0];
    EXPECT_THAT(end.err, HasSubstr("--reconnect")) << options[0];
  }
}

}  // namespace
}  // namespace e2e
