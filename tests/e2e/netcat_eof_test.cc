// Who may leave when: netcat's rules for either end's end of file, and for connections that break.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "session.h"
#include "terminal.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// ---- 1: stdin's end is our half-close, not our leaving ----

TEST(NetcatEof, LateAnswerIsNeverCut) {
  Session s;
  s.netcat.in.send("a\n");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "a\n");
  EXPECT_TRUE(s.netcat.lives_for(Millis(1200)));
  s.peer.send("late\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "late\n");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatEof, EverythingQueuedIsSentBeforeTheHalfClose) {
  const TempDir dir;
  const std::string data = noise(5 << 20);
  Session s({}, {.in = Stdio::file(dir.file("data", data))}, true);
  EXPECT_TRUE(s.peer.rest() == data);
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatEof, EmptyInputIsStillAHalfClose) {
  Session s({}, {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.send("unasked\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "unasked\n");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatEof, DashNIsTheDefaultAndAccepted) {
  Session s({"-N"}, {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.send("answer\n");
  s.peer.close();
  EXPECT_EQ(finish(s.netcat).out, "answer\n");
}

TEST(NetcatEof, NoShutdownKeepsTheConnectionWhole) {
  Session s({"--no-shutdown"});
  s.netcat.in.send("a\n");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.line(), "a");
  EXPECT_TRUE(s.peer.silent_for(kSilence));
  s.peer.send("answer\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "answer\n");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatEof, WhatThePeerSaidBeforeItTookNoMoreIsStillPrinted) {
  const TempDir dir;
  Session s({}, {.in = Stdio::file(dir.file("data", noise(8 << 20)))});
  const std::string answer = noise(200'000);  // more than the pipe holds that nobody reads yet
  s.peer.send(answer);
  wait_until("netcat's host has the answer", [&] { return s.peer.unacknowledged() == 0; });
  s.peer.close();  // on unread input: a reset
  const auto end = finish(s.netcat);
  EXPECT_TRUE(end.out == answer) << end.out.size();
  EXPECT_EQ(end.status, 1);
}

// ---- 2: the peer's end of file ends netcat, whatever stdin is ----

TEST(NetcatEof, PeerClosingFirstEndsItAtOnceThoughStdinIsAnOpenPipe) {
  Session s;
  s.peer.send("bye\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
  EXPECT_EQ(s.netcat.out.rest(), "bye\n");
}

TEST(NetcatEof, PeerClosingFirstEndsItAtOnceThoughStdinIsATerminal) {
  Terminal terminal;
  Session s({}, {.in = Stdio::fd(terminal.tty()), .terminal = true});
  s.peer.send("bye\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
  EXPECT_EQ(s.netcat.out.rest(), "bye\n");
}

TEST(NetcatEof, PeerClosingFirstEndsItAtOnceThoughStdinIsAnOpenSocket) {
  auto [ours, theirs] = socket_pair();
  Session s({}, {.in = Stdio::fd(theirs)});
  s.peer.send("bye\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
}

TEST(NetcatEof, PeersHalfCloseIsEnoughToLeave) {
  Session s;
  s.peer.send("bye\n");
  s.peer.finish();
  EXPECT_EQ(s.peer.rest(kPrompt), "");
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
}

// Each line comes when the one before has arrived: in between the input has nothing ready.
bool all_lines_arrive() {
  Session s;
  s.peer.send("bye\n");
  s.peer.finish();
  try {
    for (int i = 0; i < 5; ++i) {
      s.netcat.in.send("line\n");
      if (s.peer.line() != "line") return false;
    }
  } catch (const std::exception&) {
    return false;  // it has left
  }
  s.netcat.in.close();
  return s.peer.rest().empty() && s.netcat.wait() == 0;
}

TEST(NetcatEof, ShortPausesOfTheInputAreNoReasonToLeave) {
  int tries = 1;
  while (!all_lines_arrive() && tries < 5) ++tries;  // on a busy machine a pause may be a long one
  EXPECT_LT(tries, 5);
}

TEST(NetcatEof, PeersLastWordsAreAllWrittenOut) {
  const TempDir dir;
  const std::string data = noise(5 << 20);
  Session s({}, {.in = Stdio::pipe(), .out = Stdio::file(dir.path("out"))});
  s.peer.send(data);
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_TRUE(read_file(dir.path("out")) == data);
}

TEST(NetcatEof, InputThatIsReadyIsStillSentAfterThePeersHalfClose) {
  const TempDir dir;
  const std::string data = noise(3 << 20);
  Session s({}, {.in = Stdio::file(dir.file("data", data))});
  s.peer.finish();
  EXPECT_TRUE(s.peer.rest() == data);
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
}

TEST(NetcatEof, PipeThatIsReadyIsStillSentAfterThePeersHalfClose) {
  const std::string data = noise(60'000);  // a pipe holds that much
  auto [reading, writing] = pipe_pair();
  Channel pipe(writing.duplicate());
  pipe.send(data);
  auto server = Listener::tcp();
  Process netcat({"netcat", "127.0.0.1", server.port_text()}, {.in = Stdio::fd(reading)});
  auto peer = server.accept();
  peer.send("bye\n");
  peer.finish();
  EXPECT_TRUE(peer.rest(kPrompt) == data);
  EXPECT_EQ(netcat.wait(kPrompt), 0);
}

// ---- 3: --send-only and -q: no upload loses its tail ----

class Upload : public testing::TestWithParam<std::vector<std::string>> {};

// The server talks before, while and after it reads, and reads slowly.
TEST_P(Upload, ToASlowChattyServerArrivesWhole) {
  const TempDir dir;
  const std::string data = noise(3 << 20);
  Session s(GetParam(), {.in = Stdio::file(dir.file("data", data)), .out = Stdio::null()}, true);
  s.peer.send(std::string(200'000, 'c'));
  std::string got;
  while (got.size() < data.size()) {
    got += s.peer.take(std::min<std::size_t>(32 * 1024, data.size() - got.size()));
    s.peer.send("chatter\n");
  }
  EXPECT_TRUE(got == data);
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.send("goodbye\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(Options, Upload,
                         testing::Values(std::vector<std::string>{"--send-only"},
                                         std::vector<std::string>{"-q", "0"},
                                         std::vector<std::string>{"-q", "10"},
                                         std::vector<std::string>{}),
                         [](const auto& param) { return "n" + std::to_string(param.index); });

TEST(NetcatEof, SendOnlyPrintsNothing) {
  Session s({"--send-only"});
  s.peer.send("unwanted\n");
  s.netcat.in.send("a\n");
  EXPECT_EQ(s.peer.line(), "a");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "");
  EXPECT_TRUE(s.netcat.lives_for(kSilence)) << "only the peer's end of file is the end";
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "");
}

// As Debian's nc has it.
TEST(NetcatEof, Quit0AndLessAreNoLimit) {
  for (const char* limit : {"0", "-1", "-5"}) {
    Session s({"-q", limit});
    s.netcat.in.send("stats\n");
    s.netcat.in.close();
    EXPECT_EQ(s.peer.rest(), "stats\n");
    EXPECT_TRUE(s.netcat.lives_for(kSilence));
    s.peer.send("answer\n");
    s.peer.close();
    const auto end = finish(s.netcat);
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, "answer\n");
  }
}

TEST(NetcatEof, QuitAfterWaitsForAnAnswer) {
  Session s({"-q", "30"}, {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
  s.peer.send("answer\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "answer\n");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatEof, QuitAfterLeavesWith0WhenAllWasAcknowledged) {
  Session s({"-q", "300ms"}, {.in = Stdio::null()});
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
  EXPECT_EQ(s.netcat.err.rest(), "");
}

TEST(NetcatEof, QuitAfterLeavesWith1WhenNotAllWasAcknowledged) {
  const TempDir dir;
  const auto input = Stdio::file(dir.file("data", noise(400'000)));
  Session s({"-q", "500ms"}, {.in = input}, true);  // a peer that does not read
  const auto end = finish(s.netcat, kPrompt);
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.err, StartsWith("netcat: " + s.place() + ": "));
}

TEST(NetcatEof, QuitAfterMinus1IsForever) {
  Session s({"-q", "-1"}, {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  EXPECT_TRUE(s.netcat.lives_for(Millis(1500)));
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

// ---- 4: a connection that breaks is never a success ----

std::string reset_message(const Session& s) {
  return "netcat: " + s.place() + ": connection reset by peer\n";
}

TEST(NetcatEof, ResetWhileIdleIsStatus1) {
  Session s;
  s.netcat.in.send("a\n");
  EXPECT_EQ(s.peer.line(), "a");
  s.peer.reset();
  const auto end = finish(s.netcat, kPrompt);
  EXPECT_EQ(end.status, 1);
  EXPECT_EQ(end.err, reset_message(s));
}

TEST(NetcatEof, ResetAfterAnAnswerIsStatus1) {
  Session s;
  s.peer.send("half an ans");
  EXPECT_EQ(s.netcat.out.take(11), "half an ans");
  s.peer.reset();
  EXPECT_EQ(s.netcat.wait(kPrompt), 1);
}

TEST(NetcatEof, ResetAfterOurHalfCloseIsStatus1) {
  Session s({}, {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.reset();
  const auto end = finish(s.netcat, kPrompt);
  EXPECT_EQ(end.status, 1);
  EXPECT_EQ(end.err, reset_message(s));
}

TEST(NetcatEof, ResetInTheMiddleOfAnUploadIsStatus1) {
  for (const auto* option : {"-4", "--send-only", "-q0", "-q10"}) {
    SCOPED_TRACE(option);
    const TempDir dir;
    Session s({option}, {.in = Stdio::file(dir.file("data", noise(8 << 20)))}, true);
    (void)s.peer.take(100'000);
    s.peer.reset();
    const auto end = finish(s.netcat, kPrompt);
    EXPECT_EQ(end.status, 1);
    EXPECT_THAT(end.err, StartsWith("netcat: " + s.place() + ": "));
  }
}

TEST(NetcatEof, PeerThatRefusesTheRestOfAnUploadIsStatus1) {
  const TempDir dir;
  Session s({}, {.in = Stdio::file(dir.file("data", noise(8 << 20)))}, true);
  (void)s.peer.take(10);
  s.peer.close();  // with data unread: the kernel resets
  EXPECT_EQ(s.netcat.wait(kPrompt), 1);
}

TEST(NetcatEof, EndlessInputEndsWithThePeer) {
  auto server = Listener::tcp();
  Process netcat(
      {"bash", "-c", "yes | netcat 127.0.0.1 " + server.port_text() + "; echo ${PIPESTATUS[1]}"});
  auto peer = server.accept();
  Channel* const channels[] = {&peer};
  (void)first_readable(channels);  // but do not read it: closing resets the connection
  peer.close();
  EXPECT_EQ(netcat.out.line(kPrompt), "1");
}

TEST(NetcatEof, LostUnixPeerIsStatus1) {
  const TempDir dir;
  auto server = Listener::unix_socket(dir.path("socket"));
  const auto input = Stdio::file(dir.file("data", noise(8 << 20)));
  Process netcat({"netcat", "-U", dir.path("socket")}, {.in = input});
  auto peer = server.accept();
  (void)peer.take(10);
  peer.close();
  const auto end = finish(netcat, kPrompt);
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.err, HasSubstr(dir.path("socket")));
}

}  // namespace
}  // namespace e2e
