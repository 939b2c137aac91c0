// What a log line may hold.
#include "common/cli/log.h"

#include <gtest/gtest.h>

namespace net::log {
namespace {

using namespace std::string_view_literals;

TEST(Log, ControlBytesAndBrokenTextAreEscaped) {
  struct Row {
    std::string_view text;
    std::string_view escaped;
  };
  const Row table[] = {
      {"", ""},
      {"plain text, with \"quotes\" and \\", "plain text, with \"quotes\" and \\"},
      {"\0\x01\x1f\x7f"sv, "\\x00\\x01\\x1f\\x7f"},
      {"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
      {"\x1b[31mred", "\\x1b[31mred"},
      {"Привет, ß, 日本, 😀", "Привет, ß, 日本, 😀"},
      {"\xc2\x80\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9f\xc2\xa0"},
      {"\xff"
       "a\xe2\x89",
       "\\xffa\\xe2\\x89"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"\xc0\xafz", "\\xc0\\xafz"},
  };
  for (const Row& row : table) EXPECT_EQ(escaped(row.text), row.escaped);
}

std::string said(void (*say)()) {
  testing::internal::CaptureStderr();
  say();
  return testing::internal::GetCapturedStderr();
}

void say_everything() {
  error("an %s %d", "error", 1);
  info("some information");
  details("a detail");
  plain("other words\n");
}

TEST(Log, LevelsLeaveOutWhatWasNotAskedFor) {
  open("tool", kQuiet);
  EXPECT_EQ(said(say_everything), "tool: an error 1\nother words\\x0a\n");
  set_level(kNormal);
  EXPECT_FALSE(verbose());
  EXPECT_EQ(said(say_everything), "tool: an error 1\ntool: some information\nother words\\x0a\n");
  set_level(kVerbose);
  EXPECT_TRUE(verbose());
  EXPECT_EQ(said(say_everything),
            "tool: an error 1\ntool: some information\ntool: a detail\nother words\\x0a\n");
}

TEST(Log, LineHasALimit) {
  open("tool");
  const std::string line = said([] { error("%s", std::string(100'000, 'x').c_str()); });
  EXPECT_LE(line.size(), 5000U);
  EXPECT_EQ(line.substr(0, 10), "tool: xxxx");
  EXPECT_EQ(line.back(), '\n');
}

}  // namespace
}  // namespace net::log
