// What a log line may hold.
#include "common/cli/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

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
      // Bidirectional controls and line separators, which make a line look like another.
      {"a\u202eb\u2066c\u200f\u061c", "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\\xe2\\x80\\x8f\\xd8\\x9c"},
      {"a\u2028b", "a\\xe2\\x80\\xa8b"},
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

// Standard error is a full pipe while `say` runs; what it holds afterwards, without the filling.
std::string said_to_full_pipe(void (*say)(), void (*afterwards)()) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  std::size_t filling = 0;
  while (write(ends[1], "x", 1) == 1) ++filling;
  fcntl(ends[1], F_SETFL, 0);
  const int saved = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  say();
  std::string held(filling, '\0');
  for (std::size_t at = 0; at < filling;)
    at += static_cast<std::size_t>(read(ends[0], &held[at], filling - at));
  afterwards();
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  return text;
}

TEST(Log, FullPipeDropsLinesAndCountsThem) {
  open("tool");
  const std::string text = said_to_full_pipe(
      [] {
        for (int i = 0; i < 7; ++i) error("lost");
      },
      [] {
        error("seen");
        error("seen, too");
      });
  EXPECT_EQ(text,
            "tool: log lines dropped because standard error was blocked: 7\n"
            "tool: seen\ntool: seen, too\n");
}

TEST(Log, ReportOfDroppedLinesHasAFormOfItsOwn) {
  report_dropped_with([](std::uint64_t lines) { return std::to_string(lines) + " gone\n"; });
  const std::string text = said_to_full_pipe([] { put("{}\n"); }, [] { put("{1}\n"); });
  EXPECT_EQ(text, "1 gone\n{1}\n");
}

TEST(Log, WholeLinesOfAnyLengthPassUncut) {
  const std::string line = std::string(50'000, 'x') + "\n";
  EXPECT_EQ(said([] { put(std::string(50'000, 'x') + "\n"); }), line);
}

}  // namespace
}  // namespace net::log
