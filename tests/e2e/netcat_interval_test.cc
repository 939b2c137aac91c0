// netcat -i: time between the lines sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

// An interval of an hour is one that no test ever sees the end of.

TEST(NetcatInterval, PassesBetweenLines) {
  Session s({"-i", "200ms"});
  const auto start = Clock::now();
  s.netcat.in.send("one\n\nthree");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "one\n\nthree");
  EXPECT_GE(Clock::now() - start, Millis(400));
  EXPECT_LT(Clock::now() - start, kPrompt);
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatInterval, OneLineGoesAndTheNextWaits) {
  Session s({"--interval", "1h"});
  s.netcat.in.send("one\ntwo\n");
  EXPECT_EQ(s.peer.line(), "one");
  EXPECT_TRUE(s.peer.silent_for(kSilence));
}

TEST(NetcatInterval, DoesNotDelayTheHalfClose) {
  for (const std::string input : {"one\n", "part", ""}) {
    Session s({"-i", "1h"});
    s.netcat.in.send(input);
    s.netcat.in.close();
    EXPECT_EQ(s.peer.rest(), input);
    s.peer.close();
    EXPECT_EQ(s.netcat.wait(kPrompt), 0);
  }
}

TEST(NetcatInterval, ALineInPiecesIsOneLine) {
  Session s({"-i", "1h"});
  s.netcat.in.send("one ");
  EXPECT_EQ(s.peer.take(4), "one ");
  s.netcat.in.send("line\nand another");
  EXPECT_EQ(s.peer.line(), "line");
  EXPECT_TRUE(s.peer.silent_for(kSilence));
}

TEST(NetcatInterval, CrlfIsOneLineEnd) {
  Session s({"-C", "-i", "10ms"});
  s.netcat.in.send("a\nb\r\n");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "a\r\nb\r\n");
}

TEST(NetcatInterval, NoByteIsLost) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += noise(static_cast<std::size_t>(i) * 37) + "\n";
  Session s({"-i", "1ms"});
  s.netcat.in.send(lines);
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), lines);
}

TEST(NetcatInterval, ThePeersEndOfInputStopsNoLine) {
  Session s({"-i", "100ms"});
  s.netcat.in.send("one\ntwo\nthree\n");
  EXPECT_EQ(s.peer.line(), "one");
  s.peer.finish();
  EXPECT_EQ(s.peer.line(), "two");
  EXPECT_EQ(s.peer.line(), "three");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "");
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatInterval, WhatArrivesMeanwhileIsPrinted) {
  Session s({"-i", "1h"});
  s.netcat.in.send("one\ntwo\n");
  EXPECT_EQ(s.peer.line(), "one");
  s.peer.send("hello\n");
  EXPECT_EQ(s.netcat.out.line(), "hello");
}

TEST(NetcatInterval, AResetEndsItAtOnce) {
  Session s({"-i", "1h"});
  s.netcat.in.send("one\ntwo\n");
  EXPECT_EQ(s.peer.line(), "one");
  s.peer.reset();
  EXPECT_EQ(s.netcat.wait(kPrompt), 1);
}

TEST(NetcatInterval, IsNoIdleTime) {
  const TempDir dir;
  Session s({"-i", "700ms", "-w", "300ms"}, {.in = Stdio::file(dir.file("in", "one\ntwo"))});
  EXPECT_EQ(s.peer.rest(), "one\ntwo");
  EXPECT_EQ(finish(s.netcat).status, 9);
}

TEST(NetcatInterval, HoldsForAListeningNetcatToo) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"-i", "1h"}, std::vector<std::string>{"-k", "-i", "1h"}}) {
    Listening s(options);
    auto client = s.connect();
    s.netcat.in.send("one\ntwo\n");
    EXPECT_EQ(client.line(), "one");
    EXPECT_TRUE(client.silent_for(kSilence));
    EXPECT_EQ(s.netcat.stop(), 128 + 15);
  }
}

TEST(NetcatInterval, AllOfACrowdGetAllLines) {
  Listening s({"-k", "-i", "50ms"});
  auto one = s.connect();
  auto two = s.connect();
  for (int i = 0; i < 2; ++i) (void)s.netcat.err.line();
  s.netcat.in.send("a\nb\nc");
  s.netcat.in.close();
  EXPECT_EQ(one.rest(), "a\nb\nc");
  EXPECT_EQ(two.rest(), "a\nb\nc");
}

}  // namespace
}  // namespace e2e
