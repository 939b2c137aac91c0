// reverbd's --times and --plain, and its faults on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {
namespace {

using testing::HasSubstr;

TEST(ReverbdTimes, FirstIsUpperLastIsLower) {
  const std::vector<std::string> quick{"--delay", "0", "--times"};
  const auto with = [&](const char* times) {
    auto options = quick;
    options.push_back(times);
    return options;
  };
  EXPECT_EQ(Daemon("reverbd", with("1")).answer_to("Hi\n"), "\t HI\n");
  EXPECT_EQ(Daemon("reverbd", with("2")).answer_to("Hi\n"), "\t HI\n\t hi\n");
  EXPECT_EQ(Daemon("reverbd", with("4")).answer_to("Hi\n"), "\t HI\n\t Hi\n\t Hi\n\t hi\n");
  std::string many;
  for (int i = 0; i < 998; ++i) many += "\t Hi\n";
  EXPECT_EQ(Daemon("reverbd", with("1000")).answer_to("Hi\n"), "\t HI\n" + many + "\t hi\n");
}

TEST(ReverbdDelay, IsFromTheRange) {
  Daemon daemon("reverbd", {"--delay", "20ms..300ms", "--times", "5", "--serial"});
  auto client = daemon.connect();
  const auto sent = Clock::now();
  client.send("a\n");
  for (int i = 0; i < 5; ++i) (void)client.line();
  EXPECT_GE(Clock::now() - sent, Millis(80));
}

TEST(ReverbdPlain, SendsBackWhatComes) {
  const std::string data = noise(1 << 20);
  Daemon daemon("reverbd", {"--plain"});
  auto client = daemon.connect();
  std::string back;
  for (std::size_t at = 0; at < data.size(); at += 16'384) {
    client.send(data.substr(at, 16'384));
    back += client.take(16'384);
  }
  EXPECT_TRUE(back == data);
  client.send("half a line");
  client.finish();
  EXPECT_EQ(client.rest(), "half a line");
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(ReverbdPlain, ClientThatDoesNotReadIsNotReadFrom) {
  Daemon daemon("reverbd", {"--plain"});
  auto deaf = daemon.connect({.narrow = true});
  const std::size_t limit = 64 << 20;
  EXPECT_LT(deaf.send_until_stuck(std::string(1000, 'x'), Millis(500), limit), limit);
  auto other = daemon.connect();
  other.send("x");
  EXPECT_EQ(other.take(1), "x");
}

TEST(ReverbdPlain, IdleTimeoutEndsTheConnection) {
  Daemon daemon("reverbd", {"--plain", "--idle-timeout", "200ms"});
  auto client = daemon.connect();
  client.send("x");
  EXPECT_EQ(client.rest(), "x");
}

TEST(ReverbdFault, CloseAfterSoManyLines) {
  EXPECT_EQ(Daemon("reverbd", {"--delay", "10s", "--close-after", "2"}).answer_to("a\nb\nc\n"),
            "\t A\n\t B\n");
}

TEST(ReverbdFault, CloseAfterDoesNotResetAClientThatIsStillSending) {
  for (const bool plain : {false, true}) {
    Daemon daemon("reverbd", {plain ? "--plain" : "--delay=10s", "--close-after", "3"});
    auto client = daemon.connect();
    for (int i = 0; i < 1000; ++i) client.send("ab\n");
    EXPECT_EQ(client.rest(), plain ? "ab\n" : "\t AB\n\t AB\n\t AB\n");
    client.send("ab\n");
    client.close();
    EXPECT_EQ(daemon.stop(), 0);
  }
}

TEST(ReverbdFault, ResetAfterSoManyLines) {
  Daemon daemon("reverbd", {"--delay", "50ms", "--reset-after", "2"});
  auto client = daemon.connect();
  client.send("a\n");
  EXPECT_EQ(client.line(), "\t A");
  EXPECT_TRUE(client.is_reset());
  auto next = daemon.connect();
  reverbd().prove_served(next);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(ReverbdFault, OfPlainCountsBytes) {
  EXPECT_EQ(Daemon("reverbd", {"--plain", "--close-after", "7"}).answer_to("0123456789"),
            "0123456");
  Daemon daemon("reverbd", {"--plain", "--reset-after", "3"});
  auto client = daemon.connect();
  client.send("01");
  EXPECT_EQ(client.take(2), "01");
  client.send("2345");
  EXPECT_TRUE(client.is_reset());
}

TEST(ReverbdOptions, ThatContradictEachOther) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--plain", "--times", "2"},
      {"--plain", "--serial"},
      {"--delay", "1s", "--plain"},
      {"--close-after", "1", "--reset-after", "1"},
      {"--times", "0"},
      {"--delay", "2s..1s"},
      {"--close-after", "0"},
  };
  for (auto arguments : wrong) {
    SCOPED_TRACE(arguments[0]);
    arguments.insert(arguments.begin(), "reverbd");
    const auto end = run(arguments);
    EXPECT_EQ(end.status, 2);
    EXPECT_THAT(end.err, testing::MatchesRegex("reverbd: [^\n]+\n"));
  }
  for (const std::string option : {"--delay", "--max-line", "--max-pending", "--times"})
    EXPECT_EQ(run({"reverbd", "--plain", option, "2"}).err,
              "reverbd: --plain and " + option + " cannot be combined\n");
}

}  // namespace
}  // namespace e2e
