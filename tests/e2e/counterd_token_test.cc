// The token that counterd asks for, to the real curl.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "counterd.h"

namespace e2e {
namespace {

using testing::HasSubstr;

TEST(CounterdToken, IsAskedForAtEveryUrl) {
  const TempDir dir;
  const Counterd counterd({"--token-file", dir.file("token", "s3cret\nnot this\n")});
  for (const char* target : {"/inc?name=x", "/get?name=x", "/list", "/watch", "/nowhere"}) {
    const Reply answer = counterd.ask(target);
    EXPECT_EQ(answer.code, 401);
    EXPECT_EQ(answer.field("WWW-Authenticate"), "Bearer realm=\"counterd\"");
  }
  EXPECT_EQ(counterd.ask("/inc?name=x", {"-H", "Authorization: Bearer s3creT"}).code, 401);
  EXPECT_EQ(counterd.ask("/get?name=x&format=json").body, "{\"error\":\"a token is required\"}\n");
  EXPECT_EQ(counterd.body("/inc?name=x", {"-H", "Authorization: Bearer s3cret"}), "ok\n");
  EXPECT_EQ(counterd.body("/get?name=x", {"--oauth2-bearer", "s3cret"}), "x: 1\n");
}

TEST(CounterdToken, OfStandardInputIsNotReadAgain) {
  const TempDir dir;
  Daemon daemon("counterd", {"--token-file", "-"},
                {.in = Stdio::file(dir.file("token", "secret\n"))});
  EXPECT_EQ(curl(daemon, "/list").code, 401);
  daemon.signal(SIGHUP);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(CounterdToken, OfAPipeIsNotReadAgain) {
  expect_hangup_drains("counterd --token-file <(echo secret)");
}

TEST(CounterdToken, IsNotAskedForByChecks) {
  const TempDir dir;
  const Counterd counterd({"--start", "x=1", "--token-file", dir.file("token", "s3cret\n")});
  for (const char* target : {"/", "/livez", "/readyz"}) EXPECT_EQ(counterd.ask(target).code, 200);
  EXPECT_THAT(counterd.body("/metrics"), testing::Not(HasSubstr("counterd_value")));
  EXPECT_THAT(counterd.body("/metrics"), HasSubstr("counterd_store_up 1\n"));
  EXPECT_THAT(counterd.body("/metrics", {"--oauth2-bearer", "s3cret"}),
              HasSubstr("counterd_value{name=\"x\"} 1\n"));
}

// Not a byte of a body behind a refusal: it is too large besides.
TEST(CounterdToken, ComesBeforeTheBody) {
  const TempDir dir;
  const std::string body = dir.file("body", std::string(1 << 20, 'a'));
  const Counterd counterd({"--token-file", dir.file("token", "s3cret\n")});
  EXPECT_EQ(counterd.ask("/inc", {"--data-binary", "@" + body}).code, 401);
  EXPECT_EQ(counterd.ask("/inc", {"--oauth2-bearer", "s3cret", "--data-binary", "@" + body}).code,
            413);
}

TEST(CounterdToken, IsReadWhileSignalsWait) {
  const TempDir dir;
  const std::string fifo = dir.path("token");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  Process counterd({"counterd", "--token-file", fifo, "127.0.0.1:0"});
  {
    const Fd token(open(fifo.c_str(), O_WRONLY | O_CLOEXEC));  // waits until it is being read
    counterd.signal(SIGUSR1);
    ASSERT_EQ(write(token.get(), "s3cret\n", 7), 7);
  }
  EXPECT_THAT(line_with(counterd.err, "clients now"), HasSubstr("clients ever 0"));
}

TEST(CounterdToken, MustBeThere) {
  const TempDir dir;
  const std::string empty = dir.file("empty", "\n");
  const std::pair<std::string, std::string> table[] = {
      {dir.path("none"), "no such file or directory"},
      {dir.path(""), "illegal operation on a directory"},
      {empty, "its first line has no token"},
      {"/dev/zero", "file too large"}};
  for (const auto& [file, why] : table) {
    const Outcome outcome = run({"counterd", "--token-file", file, "127.0.0.1:0"});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_EQ(outcome.err, "counterd: " + file + ": " + why + "\n");
  }
}

}  // namespace
}  // namespace e2e
