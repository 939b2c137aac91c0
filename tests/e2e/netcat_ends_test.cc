// The ends of a connection that options change, and what netcat reports of them: --half-open,
// --send-only, -q, --no-shutdown, `answered` and `input_open`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "daemon.h"
#include "session.h"
#include "terminal.h"

namespace e2e {
namespace {

using testing::HasSubstr;

// ---- after the peer's end ----

// A receiver that half-closes before it has sent a byte ends nothing.
TEST(NetcatHalfClosed, PeerThatHasSentNothingGetsAllOfTheInput) {
  for (const Words& options : {Words{}, Words{"-N"}, Words{"--no-shutdown"}}) {
    Session s(options);
    s.peer.finish();
    EXPECT_EQ(s.netcat.out.rest(), "") << "standard output is closed";
    EXPECT_TRUE(s.netcat.lives_for(Millis(1200)));
    s.netcat.in.send("late\n");
    EXPECT_EQ(s.peer.line(), "late");
    s.netcat.in.close();
    EXPECT_EQ(s.peer.rest(), "");
    EXPECT_EQ(s.netcat.wait(), 0);
  }
}

TEST(NetcatHalfClosed, PeerThatHasSentNothingAndGoesAwayIsALoss) {
  Session s;
  s.peer.close();
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
  s.netcat.in.send("one\n");
  EXPECT_EQ(s.netcat.wait(), 1);
}

TEST(NetcatHalfClosed, HalfOpenSendsUntilTheInputEnds) {
  for (const char* option : {"--half-open", "--send-only"}) {
    Session s({option});
    s.peer.send("a greeting\n");
    s.peer.finish();
    EXPECT_TRUE(s.netcat.lives_for(Millis(1200)));
    s.netcat.in.send("late\n");
    EXPECT_EQ(s.peer.line(), "late");
    s.netcat.in.close();
    EXPECT_EQ(s.peer.rest(), "");
    EXPECT_EQ(s.netcat.wait(), 0);
  }
}

TEST(NetcatHalfClosed, HalfOpenReadsATerminalToItsEnd) {
  Terminal terminal;
  Session s({"--half-open"}, {.in = Stdio::fd(terminal.tty()), .terminal = true});
  s.peer.send("a greeting\n");
  s.peer.finish();
  EXPECT_EQ(s.netcat.out.rest(), "a greeting\n");
  terminal.keyboard.send("late\n");
  EXPECT_EQ(s.peer.line(), "late");
  terminal.keyboard.send("\x04");
  EXPECT_EQ(s.peer.rest(), "");
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatHalfClosed, StandardOutputIsClosedWhileTheInputGoesOn) {
  const TempDir dir;
  Session s({}, {.in = Stdio::file(dir.file("data", noise(8 << 20)))}, true);
  s.peer.send("all\n");
  s.peer.finish();
  EXPECT_EQ(s.netcat.out.rest(), "all\n");  // though not all has been sent
  EXPECT_EQ(s.peer.rest().size(), std::size_t{8} << 20);
  EXPECT_EQ(s.netcat.wait(), 0);
}

// ---- -l and an input that is none ----

TEST(NetcatListenInput, ThatIsNoneHalfClosesNothing) {
  for (const Stdio& input : {Stdio::null(), Stdio::closed()}) {
    Listening s({}, {.in = input});
    auto client = s.connect();
    client.send("one\n");
    EXPECT_EQ(s.netcat.out.line(), "one");
    EXPECT_TRUE(client.silent_for(kSilence));
    client.finish();
    EXPECT_EQ(client.rest(), "");
    EXPECT_EQ(s.netcat.wait(), 0);
  }
}

TEST(NetcatListenInput, ThatIsEmptyHalfCloses) {
  const TempDir dir;
  for (const Stdio& input : {Stdio::pipe(), Stdio::file(dir.file("empty", ""))}) {
    Listening s({}, {.in = input});
    auto client = s.connect();
    s.netcat.in.close();
    EXPECT_EQ(client.rest(), "");
    client.send("late\n");
    client.finish();
    EXPECT_EQ(s.netcat.out.line(), "late");
    EXPECT_EQ(s.netcat.wait(), 0);
  }
}

// ---- --send-only and -q ----

TEST(NetcatSendOnly, IsBoundedByQuitAfterAndTheIdleLimit) {
  for (const auto& [option, status] : {std::pair{"-q", 0}, std::pair{"-w", 9}}) {
    Session s({"--send-only", option, "500ms"});
    s.netcat.in.send("all\n");
    s.netcat.in.close();
    EXPECT_EQ(s.peer.rest(), "all\n");
    const auto end = finish(s.netcat);
    EXPECT_EQ(end.status, status);
    EXPECT_EQ(end.out, "");
  }
}

TEST(NetcatQuitAfter, PrintsWhatComesInTime) {
  Session s({"-q", "2"}, {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.send("in time\n");
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "in time\n");
}

TEST(NetcatQuitAfter, CountsWithoutAHalfCloseToo) {
  Session s({"-q", "500ms", "--no-shutdown"}, {.in = Stdio::null()});
  EXPECT_EQ(s.netcat.wait(), 0);
}

// ---- reports ----

std::string closed_line(Process& netcat) { return line_with(netcat.err, "\"event\":\"closed\""); }

TEST(NetcatAnswered, SaysThatThereWasNoAnswer) {
  for (const bool answers : {false, true}) {
    Session plain({"-v"});
    Session json({"--json"});
    for (Session* s : {&plain, &json}) {
      s->netcat.in.send("question\n");
      s->netcat.in.close();
      EXPECT_EQ(s->peer.rest(), "question\n");
      if (answers) s->peer.send("answer\n");
      s->peer.close();
      EXPECT_EQ(s->netcat.wait(), 0);
    }
    const std::string sentence =
        "the peer ended without an answer to the end of input (--no-shutdown may help)";
    const std::string messages = plain.netcat.err.rest();
    EXPECT_EQ(messages.find(sentence) == messages.npos, answers) << messages;
    EXPECT_THAT(closed_line(json.netcat),
                HasSubstr(answers ? "\"answered\":true" : "\"answered\":false"));
  }
}

TEST(NetcatAnswered, IsFalseAfterAnEmptyInputToo) {
  Session s({"--json"}, {.in = Stdio::null()});
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_THAT(closed_line(s.netcat), HasSubstr("\"answered\":false"));
}

TEST(NetcatAnswered, IsTrueIfThePeerEndedFirst) {
  Session s({"--json"});
  s.netcat.in.send("question\n");
  EXPECT_EQ(s.peer.line(), "question");
  s.peer.finish();
  EXPECT_EQ(s.netcat.out.rest(), "");
  s.netcat.in.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_THAT(closed_line(s.netcat), HasSubstr("\"answered\":true"));
}

TEST(NetcatInputOpen, IsReported) {
  for (const bool open : {true, false}) {
    Session plain({"-v"});
    Session json({"--json"});
    for (Session* s : {&plain, &json}) {
      s->netcat.in.send("question\n");
      EXPECT_EQ(s->peer.line(), "question");
      if (!open) {
        s->netcat.in.close();
        EXPECT_EQ(s->peer.rest(), "");
      }
      s->peer.send("answer\n");
      s->peer.close();
      EXPECT_EQ(s->netcat.wait(), 0);
    }
    EXPECT_EQ(plain.netcat.err.rest().find("input still open") != std::string::npos, open);
    EXPECT_THAT(closed_line(json.netcat),
                HasSubstr(open ? "\"input_open\":true" : "\"input_open\":false"));
  }
}

TEST(NetcatInputOpen, IsReportedForATerminal) {
  Terminal terminal;
  Session s({"--json"}, {.in = Stdio::fd(terminal.tty()), .terminal = true});
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_THAT(closed_line(s.netcat), HasSubstr("\"input_open\":true"));
}

}  // namespace
}  // namespace e2e
