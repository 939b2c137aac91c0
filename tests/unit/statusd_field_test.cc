// Header fields from the command line.
#include "tools/statusd/field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace statusd {
namespace {

using testing::HasSubstr;

TEST(Field, AsItIsSent) {
  struct Row {
    const char* text;
    const char* line;
  };
  const Row table[] = {
      {"X-A: b", "X-A: b\r\n"},
      {"X-A:b", "X-A: b\r\n"},
      {"X-A: \t b c \t", "X-A: b c\r\n"},
      {"X-A:", "X-A: \r\n"},
      {"X-A: b: c", "X-A: b: c\r\n"},
      {"!#$%&'*+-.^_`|~09azAZ: x", "!#$%&'*+-.^_`|~09azAZ: x\r\n"},
      {"X-A: Привет", "X-A: Привет\r\n"},
      {"Connectio: x", "Connectio: x\r\n"},
  };
  for (const Row& row : table) {
    std::string lines;
    EXPECT_EQ(parse_field(row.text, lines), "") << row.text;
    EXPECT_EQ(lines, row.line);
  }
}

TEST(Field, OneAfterAnother) {
  std::string lines;
  EXPECT_EQ(parse_field("A: 1", lines), "");
  EXPECT_EQ(parse_field("A: 2", lines), "");
  EXPECT_EQ(lines, "A: 1\r\nA: 2\r\n");
}

TEST(Field, WhatIsNoneChangesNothing) {
  struct Row {
    std::string text;
    const char* why;
  };
  const Row table[] = {
      {"", "is not 'NAME: VALUE'"},
      {"X-A", "is not 'NAME: VALUE'"},
      {": b", "is not 'NAME: VALUE'"},
      {"X A: b", "is not 'NAME: VALUE'"},
      {"X-A : b", "is not 'NAME: VALUE'"},
      {"X-\xc3\xa4: b", "is not 'NAME: VALUE'"},
      {"X-A: b\r\nX-B: c", "control character"},
      {"X-A: b\nc", "control character"},
      {std::string("X-A: b\0c", 8), "control character"},
      {"X-A: \x7f", "control character"},
      {"content-length: 5", "content-length is set by the server itself"},
      {"Transfer-Encoding: chunked", "is set by the server itself"},
      {"Connection: close", "is set by the server itself"},
      {"Date: now", "is set by the server itself"},
      {"Content-Type: x/y", "Content-Type is set with --content-type"},
  };
  for (const Row& row : table) {
    std::string lines;
    EXPECT_THAT(parse_field(row.text, lines), HasSubstr(row.why)) << row.text;
    EXPECT_EQ(lines, "");
  }
}

TEST(Field, Values) {
  for (const char* right : {"", "a", "a b", "a\tb", "text/plain; charset=utf-8", "\xff"})
    EXPECT_TRUE(is_field_value(right)) << right;
  for (const char* wrong : {" a", "a ", "\ta", "a\t", "a\r", "a\nb", "\x1b", "\x7f"})
    EXPECT_FALSE(is_field_value(wrong)) << wrong;
}

}  // namespace
}  // namespace statusd
