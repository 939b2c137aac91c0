// passwordd: classes, words, and a client that asks for more than its share.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "web.h"

namespace e2e {
namespace {

using testing::AllOf;
using testing::Each;
using testing::EndsWith;
using testing::MatchesRegex;
using testing::SizeIs;

TEST(PassworddChoice, OneOfEachClass) {
  Daemon daemon("passwordd", {"--classes", "lower,upper"});
  const auto all_have = [](const std::vector<std::string>& passwords, const char* characters) {
    return std::ranges::all_of(passwords, [characters](const std::string& password) {
      return password.find_first_of(characters) != std::string::npos;
    });
  };
  auto passwords = lines_of(curl(daemon, "/password?count=2000&length=4").body);
  EXPECT_TRUE(all_have(passwords, "abcdefghijklmnopqrstuvwxyz"));
  EXPECT_TRUE(all_have(passwords, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
  EXPECT_FALSE(all_have(passwords, "0123456789"));
  const char* query = "?count=2000&length=4&classes=lower,upper,digit,symbol&entropy=1";
  passwords = lines_of(curl(daemon, std::string("/password") + query).body);
  EXPECT_TRUE(all_have(passwords, "0123456789"));
  EXPECT_TRUE(all_have(passwords, "#@$"));
  // 24 orders of 26 * 26 * 10 * 3.
  EXPECT_THAT(passwords, Each(EndsWith("\t18.89 bits")));
}

TEST(PassworddChoice, Words) {
  const TempDir dir;
  const auto file = dir.file("words", "11 zebra\n12\tapple\n\nbéé\r\napple\nquo\"te\n");
  Daemon daemon("passwordd", {"--words-file", file});
  auto reply = curl(daemon, "/password?words=3&count=50&entropy=1");
  EXPECT_THAT(
      lines_of(reply.body),
      AllOf(SizeIs(50), Each(MatchesRegex("((zebra|apple|béé|quo\"te)-?){3}\t6\\.00 bits"))));
  reply = curl(daemon, "/password?words=2&count=50&separator=+%22+&format=json");
  EXPECT_EQ(
      run({"python3", "-c", "import json, sys; print(len(json.load(sys.stdin)))"}, reply.body).out,
      "50\n");
  EXPECT_EQ(curl(daemon, "/password?words=3&length=9").code, 400);
  EXPECT_EQ(curl(daemon, "/password?words=65").code, 400);
  EXPECT_EQ(curl(daemon, "/password?words=3&separator=%E2%80%8B").code, 400);
}

TEST(PassworddChoice, WordsOfStandardInputAreNotReadAgain) {
  const TempDir dir;
  Daemon daemon("passwordd", {"--words-file", "-"},
                {.in = Stdio::file(dir.file("words", "one\ntwo\n"))});
  daemon.signal(SIGHUP);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(PassworddChoice, WordsOfAPipeAreNotReadAgain) {
  expect_hangup_drains("passwordd --words-file <(printf 'one\\ntwo\\n')");
}

TEST(PassworddChoice, WordsThatCannotBeUsedAreStatus8) {
  const TempDir dir;
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"one\n", "needs at least two different words"},
           {"one\ntw\x1bo\n",
            "line 2 has a control, invisible, combining or private-use character"},
           {"one\n\xff\n", "line 2 is not UTF-8"}}) {
    const auto file = dir.file("words", text);
    const auto end = run({"passwordd", "--words-file", file, "127.0.0.1:0"});
    EXPECT_EQ(end.status, 8);
    EXPECT_EQ(end.err, "passwordd: " + file + ": " + why + "\n");
  }
  EXPECT_EQ(run({"passwordd", "--words-file", "/dev/zero", "127.0.0.1:0"}).err,
            "passwordd: /dev/zero: file too large\n");
}

TEST(PassworddChoice, ReadsTheWordsAgainOnHangup) {
  const TempDir dir;
  Daemon daemon("passwordd", {"--words-file", dir.file("words", "a\nb\n")});
  (void)dir.file("words", "c\nd\n");
  daemon.signal(SIGHUP);
  wait_until("the new words", [&] {
    const auto body = curl(daemon, "/password?words=8&count=1").body;
    return body.find_first_of("ab") == std::string::npos;
  });
}

// Others are served in between, and so is SIGTERM, while one client pipelines gigabytes.
TEST(PassworddLoad, APipelineOfLargeRequestsLeavesRoomForOthers) {
  Daemon daemon("passwordd", {"--drain", "100ms"});
  std::string requests;
  for (int i = 0; i < 1000; ++i)
    requests += request("GET /password?count=10000&length=256 HTTP/1.1");
  const TempDir dir;
  Process greedy({"bash", "-c", "exec netcat 127.0.0.1 " + daemon.port_text() + " >/dev/null"},
                 {.in = Stdio::file(dir.file("requests", requests))});
  wait_until("the greedy client to be served", [&] {
    const auto metrics = curl(daemon, "/metrics").body;
    return metrics.find("passwordd_connections 2\n") != std::string::npos;
  });
  for (int i = 0; i < 5; ++i) {
    const auto start = Clock::now();
    EXPECT_EQ(curl(daemon, "/password?count=1").code, 200);
    EXPECT_LT(Clock::now() - start, Millis(is_sanitized() ? 20'000 : 5'000));
  }
  EXPECT_EQ(daemon.stop(), 0);
  (void)finish(greedy);
}

}  // namespace
}  // namespace e2e
