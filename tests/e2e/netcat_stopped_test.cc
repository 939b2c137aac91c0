// Time limits look before they act: a netcat that was stopped, or whose consumer pauses, loses
// nothing that had arrived, and does not take its own pause for the peer's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <cstdio>
#include <string>

#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;

// What netcat's limits are here, and longer than that; the test itself may be slow by as much.
const std::string kLimit = "2";
constexpr Millis kStop{4500};

// What happens while netcat is stopped for longer than its limits.
template <typename Meanwhile>
void stopped(Process& netcat, Meanwhile meanwhile) {
  netcat.signal(SIGSTOP);
  meanwhile();
  EXPECT_TRUE(netcat.lives_for(kStop));
  netcat.signal(SIGCONT);
}

TEST(NetcatStopped, LosesNothingToTheIdleLimit) {
  for (const Words& options : {Words{"-w", kLimit}, Words{"--idle-timeout", kLimit}}) {
    Session s(options);
    s.peer.send("first\n");
    EXPECT_EQ(s.netcat.out.line(), "first");
    stopped(s.netcat, [&] { s.peer.send("second\n"); });
    EXPECT_EQ(s.netcat.out.line(), "second");
    s.peer.close();
    EXPECT_EQ(s.netcat.wait(), 0);
  }
}

TEST(NetcatStopped, SeesAnEndThatCameInTime) {
  Session s({"-w", kLimit});
  stopped(s.netcat, [&] {
    s.peer.send("all\n");
    s.peer.close();
  });
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "all\n");
}

TEST(NetcatStopped, SendsInputThatCameInTime) {
  Session s({"-w", kLimit, "-v"});
  (void)s.netcat.err.line();  // connected
  stopped(s.netcat, [&] { s.netcat.in.send("question\n"); });
  EXPECT_EQ(s.peer.line(), "question");
}

TEST(NetcatStopped, IsIdleAllTheSameIfNothingCame) {
  Session s({"-w", kLimit});
  stopped(s.netcat, [] {});
  EXPECT_EQ(s.netcat.wait(), 9);
}

TEST(NetcatStopped, LosesNoAnswerToQuitAfter) {
  Session s({"-q", kLimit}, {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  const std::string answer = noise(50'000);
  stopped(s.netcat, [&] {
    s.peer.send(answer);
    s.peer.close();
  });
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_TRUE(end.out == answer) << end.out.size();
}

TEST(NetcatStopped, ServesAClientThatCameInTime) {
  for (const Words& options : {Words{"-w", kLimit}, Words{"-w", kLimit, "-k"}}) {
    Listening s(options, {.in = Stdio::null()});
    Socket client;
    stopped(s.netcat, [&] {
      client = s.connect();
      client.send("hello\n");
    });
    EXPECT_EQ(s.netcat.out.line(), "hello");
  }
}

TEST(NetcatStopped, KeepsItsClients) {
  Listening s({"-k", "--idle-timeout", kLimit}, {.in = Stdio::null()});
  auto client = s.connect();
  client.send("first\n");
  EXPECT_EQ(s.netcat.out.line(), "first");
  stopped(s.netcat, [&] { client.send("second\n"); });
  EXPECT_EQ(s.netcat.out.line(), "second");
  client.send("third\n");
  EXPECT_EQ(s.netcat.out.line(), "third");
}

TEST(NetcatStopped, SendsInputThatFlowsAfterThePeersEnd) {
  Session s({"-v"});
  s.peer.send("bye\n");
  s.peer.finish();
  EXPECT_EQ(s.netcat.out.line(), "bye");
  stopped(s.netcat, [&] { s.netcat.in.send("last words\n"); });
  EXPECT_EQ(s.peer.line(), "last words");
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatStopped, SendsInputThatFlowsAfterItsReaderHasLeft) {
  Session s;
  s.peer.send("greeting\n");
  EXPECT_EQ(s.netcat.out.line(), "greeting");
  stopped(s.netcat, [&] {
    s.netcat.in.send("store this\n");
    s.netcat.out.close();
  });
  EXPECT_EQ(s.peer.line(), "store this");
  EXPECT_EQ(s.netcat.wait(), 128 + SIGPIPE);
}

// ---- pauses of our own ----

constexpr std::size_t kMost = 256 << 20;  // bytes: more than any machine's buffers take

// As much of data, again and again, as send_until_stuck() has sent.
std::string repeated(const std::string& data, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += data;
  all.resize(bytes);
  return all;
}

TEST(NetcatPause, OfTheConsumerIsNotIdle) {
  const std::string data = noise(1 << 20);
  Listening server({}, {.in = Stdio::pipe()});
  Process client({"netcat", "-d", "-w", kLimit, "127.0.0.1", std::to_string(server.port)});
  const std::size_t sent = server.netcat.in.send_until_stuck(data, kStop, kMost);
  EXPECT_LT(sent, kMost);
  server.netcat.in.close();
  EXPECT_TRUE(client.out.rest() == repeated(data, sent));
  EXPECT_EQ(client.wait(), 0) << client.err.available();
}

TEST(NetcatPause, OfTheConsumerIsNotIdleForAServerOfMany) {
  const std::string data = noise(1 << 20);
  Listening s({"-k", "--idle-timeout", kLimit}, {.in = Stdio::null()});
  auto client = s.connect();
  const std::size_t sent = client.send_until_stuck(data, kStop, kMost);
  client.finish();
  EXPECT_LT(sent, kMost);
  EXPECT_TRUE(s.netcat.out.take(sent) == repeated(data, sent));
}

// A SYN of ours to `port` is unanswered.
bool is_connecting_to(int port) {
  char wanted[32];
  std::snprintf(wanted, sizeof wanted, "0100007F:%04X 02 ", static_cast<unsigned>(port));
  return read_file("/proc/net/tcp").find(wanted) != std::string::npos;
}

// The connection is made and reset before netcat looks.
TEST(NetcatStopped, AConnectionThatWasResetAtOnceIsLost) {
  auto server = Listener::tcp("127.0.0.1", 0);
  const Socket filler = connect_tcp("127.0.0.1", server.port());  // the SYN has to be repeated
  Process netcat({"netcat", "-d", "127.0.0.1", server.port_text()});
  wait_until("netcat connects", [&] { return is_connecting_to(server.port()); });
  netcat.signal(SIGSTOP);
  (void)server.accept();
  Socket peer = server.accept();
  peer.reset();
  netcat.signal(SIGCONT);
  const auto end = finish(netcat);
  EXPECT_THAT(end.err, HasSubstr("connection reset by peer"));
  EXPECT_EQ(end.status, 1);
}

TEST(NetcatPause, ForTheRateIsNotIdle) {
  Session s({"-w", "500ms", "--rate", "1"});
  s.netcat.in.send("ab");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "ab");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0) << s.netcat.err.available();
}

TEST(NetcatPause, BetweenLinesIsNotIdle) {
  Session s({"-w", "500ms", "-i", "2"});
  s.netcat.in.send("one\ntwo\n");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "one\ntwo\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0) << s.netcat.err.available();
}

TEST(NetcatPause, OfThePeerIsIdle) {
  Session s({"-w", kLimit}, {.in = Stdio::pipe()});
  s.peer.send("first\n");
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 9);
  EXPECT_EQ(end.out, "first\n");
  EXPECT_THAT(end.err, HasSubstr("idle timeout (-w)"));
}

}  // namespace
}  // namespace e2e
