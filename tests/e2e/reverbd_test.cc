// What reverbd promises of its own: echoes, their order, their limits, and their delivery.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// What one client gets that sends `input` and half-closes.
std::string echoes(const std::string& input, std::vector<std::string> options = {"--delay", "20ms"},
                   std::vector<std::string> env = {}) {
  return Daemon("reverbd", std::move(options), {.env = std::move(env)}).answer_to(input);
}

std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Reverbd, EachLineComesBackThreeTimes) {
  EXPECT_EQ(echoes("Hello\n"), "\t HELLO\n\t Hello\n\t hello\n");
}

TEST(Reverbd, EchoesAreADelayApart) {
  Daemon daemon("reverbd", {"--delay", "500ms"});
  auto client = daemon.connect();
  const auto sent = Clock::now();
  client.send("a\n");
  (void)client.line();
  EXPECT_TRUE(client.silent_for(Millis(100)));
  (void)client.line();
  (void)client.line();
  EXPECT_GE(Clock::now() - sent, Millis(990));
}

TEST(Reverbd, CaseIsUnicodesWhateverTheLocale) {
  EXPECT_EQ(echoes("Привет, Éa\n", {"--delay", "20ms"}, {"LC_ALL=C", "LANG=C"}),
            "\t ПРИВЕТ, ÉA\n\t Привет, Éa\n\t привет, éa\n");
}

TEST(Reverbd, BytesThatAreNoUtf8PassUnchanged) {
  EXPECT_EQ(echoes("a\xff\xfe\xc3"
                   "Z\x80\n"),
            "\t A\xff\xfe\xc3"
            "Z\x80\n\t a\xff\xfe\xc3"
            "Z\x80\n\t a\xff\xfe\xc3"
            "z\x80\n");
}

TEST(Reverbd, LinesOverlapInTime) {
  EXPECT_EQ(echoes("a\nb\n", {"--delay", "300ms"}), "\t A\n\t B\n\t a\n\t b\n\t a\n\t b\n");
}

TEST(Reverbd, SerialLinesDoNotOverlap) {
  EXPECT_EQ(echoes("a\nb\n", {"--delay", "20ms", "--serial"}),
            "\t A\n\t a\n\t a\n\t B\n\t b\n\t b\n");
}

TEST(Reverbd, HalfCloseLosesNoEcho) {
  std::string input;
  for (int i = 0; i < 200; ++i) input += "line " + std::to_string(i) + "\n";
  const std::string answer = echoes(input, {"--delay", "100ms"});
  EXPECT_EQ(count_lines(answer), 600u);
  EXPECT_EQ(count_of(answer, "\t LINE 199\n"), 1u);
  EXPECT_EQ(count_of(answer, "\t line 199\n"), 2u);
}

TEST(Reverbd, LastLineWithoutNewlineCounts) { EXPECT_EQ(echoes("a"), "\t A\n\t a\n\t a\n"); }

TEST(Reverbd, EmptyInputGivesNothing) { EXPECT_EQ(echoes(""), ""); }

TEST(Reverbd, IdleTimeoutEndsTheInputNotTheEchoes) {
  Daemon daemon("reverbd", {"--idle-timeout", "200ms", "--delay", "500ms"});
  auto client = daemon.connect();
  client.send("a\n");
  EXPECT_EQ(client.rest(), "\t A\n\t a\n\t a\n");
}

TEST(Reverbd, IdleTimeoutEndsALineWithoutNewline) {
  Daemon daemon("reverbd", {"--idle-timeout", "200ms", "--delay", "0"});
  auto client = daemon.connect();
  client.send("a\nb");
  EXPECT_EQ(client.rest(), "\t A\n\t a\n\t a\n\t B\n\t b\n\t b\n");
}

TEST(Reverbd, LineAtTheLimitIsEchoed) {
  const std::string line(65536, 'x');
  EXPECT_EQ(count_of(echoes(line + "\n"), "\t " + line + "\n"), 2u);
}

TEST(Reverbd, LongerLineIsRefusedAfterThePendingEchoes) {
  const std::string answer =
      echoes("ok\n" + std::string(17, 'x') + "\n", {"--delay", "200ms", "--max-line", "16"});
  EXPECT_EQ(count_of(answer, "reverbd: line longer than 16 bytes\n"), 1u) << answer;
  EXPECT_EQ(count_of(answer, "\t ok\n"), 2u) << answer;
  EXPECT_EQ(count_lines(answer), 4u) << answer;
}

TEST(Reverbd, EndlessLineIsRefusedBeforeItEnds) {
  Daemon daemon("reverbd");
  auto client = daemon.connect();
  client.send(std::string(65537, 'x'));
  EXPECT_EQ(client.line(), "reverbd: line longer than 65536 bytes");
}

// The sender goes on with its line for a while: what it was told must still reach it.
TEST(Reverbd, RefusalReachesASenderWhoGoesOn) {
  Daemon daemon("reverbd", {"--max-line", "16", "--delay", "300ms"});
  auto client = daemon.connect();
  client.send("ok\n" + std::string(100'000, 'x'));
  EXPECT_EQ(count_lines(client.rest()), 4u);
}

TEST(Reverbd, AtMaxPendingTheInputWaits) {
  const std::string answer = echoes("a\nb\nc\n", {"--delay", "100ms", "--max-pending", "2"});
  EXPECT_EQ(count_lines(answer), 9u) << answer;
  EXPECT_GT(answer.find("\t C\n"), answer.rfind("\t a\n")) << answer;
}

TEST(Reverbd, BurstOfTenThousandLinesIsEchoedWhole) {
  std::string input;
  for (int i = 0; i < 10'000; ++i) input += "line " + std::to_string(i) + "\n";
  const auto start = Clock::now();
  const std::string answer = echoes(input, {"--delay", "10ms"});
  EXPECT_EQ(count_lines(answer), 30'000u);
  EXPECT_EQ(count_of(answer, "\t line 9999\n"), 2u);
  EXPECT_LT(Clock::now() - start, Millis(10'000));
}

TEST(Reverbd, SigtermDeliversTheEchoesOfFiftyClients) {
  Daemon daemon("reverbd", {"--delay", "400ms", "--drain", "1m"});
  std::vector<Socket> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(daemon.connect());
    clients.back().send("Line\n");
  }
  for (auto& client : clients) EXPECT_EQ(client.line(), "\t LINE");
  daemon.signal(SIGTERM);
  for (auto& client : clients) EXPECT_THAT(client.rest(), EndsWith("\t line\n"));
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(Reverbd, SigtermReadsWhatHasArrived) {
  Daemon daemon("reverbd", {"--delay", "50ms"});
  auto client = daemon.connect();
  reverbd().prove_served(client);
  daemon.signal(SIGSTOP);  // both the line and the signal wait for it
  client.send("last\n");
  daemon.signal(SIGTERM);
  daemon.signal(SIGCONT);
  const std::string answer = client.rest();
  EXPECT_THAT(answer, HasSubstr("\t LAST\n"));
  EXPECT_EQ(count_of(answer, "\t last\n"), 2u) << answer;
  EXPECT_EQ(daemon.wait(), 0);
}

TEST(Reverbd, IdleClientDoesNotHoldTheDrain) {
  Daemon daemon("reverbd", {"--drain", "1m", "--idle-timeout", "0"});
  auto client = daemon.connect();
  daemon.signal(SIGTERM);
  EXPECT_EQ(client.rest(kPrompt), "");
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(Reverbd, DrainHasALimit) {
  Daemon daemon("reverbd", {"--delay", "1h", "--drain", "300ms"});
  auto client = daemon.connect();
  reverbd().prove_served(client);
  daemon.signal(SIGTERM);
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(Reverbd, ClientThatNeverReadsIsNotReadFrom) {
  Daemon daemon("reverbd", {"--delay", "1ms"});
  auto deaf = daemon.connect({.narrow = true});
  const std::size_t limit = 64 << 20;
  EXPECT_LT(deaf.send_until_stuck("a line of some thirty bytes\n", Millis(1000), limit), limit);
  auto other = daemon.connect();
  reverbd().prove_served(other);
}

TEST(Reverbd, ClientThatNeverReadsDoesNotOutlastTheDrain) {
  Daemon daemon("reverbd", {"--delay", "1ms", "--drain", "500ms"});
  auto deaf = daemon.connect({.narrow = true});
  (void)deaf.send_until_stuck("a line of some thirty bytes\n", Millis(500), 64 << 20);
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(Reverbd, ResetWithEchoesPendingHurtsNobodyElse) {
  Daemon daemon("reverbd", {"--delay", "100ms"});
  auto doomed = daemon.connect();
  for (int i = 0; i < 50; ++i) doomed.send("Doomed\n");
  EXPECT_EQ(doomed.line(), "\t DOOMED");
  auto other = daemon.connect();
  other.send("Other\n");
  doomed.reset();
  other.finish();
  EXPECT_EQ(other.rest(), "\t OTHER\n\t Other\n\t other\n");
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_THAT(daemon.err.available(), Not(HasSubstr("reset")));
}

TEST(Reverbd, ResetEndsTheConnectionWithItsNextEcho) {
  Daemon daemon("reverbd", {"--delay", "500ms", "-v"});
  auto client = daemon.connect();
  reverbd().prove_served(client);
  client.reset();
  EXPECT_THAT(line_with(daemon.err, "disconnected"), HasSubstr("127.0.0.1"));
}

}  // namespace
}  // namespace e2e
