// UTF-8, against the tables of RFC 3629 and every code point there is.
#include "common/cli/utf8.h"

#include <gtest/gtest.h>

namespace net {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    std::string text;
    append_utf8(text, c);
    const std::size_t expected = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    char32_t decoded = 0;
    text += "\x80!";  // what follows is no part of it
    if (decode_utf8(text, decoded) == expected && decoded == c && text.size() == expected + 2)
      continue;
    FAIL() << "U+" << std::hex << static_cast<unsigned>(c);
  }
}

TEST(Utf8, EncodesAsTheStandardsExamplesDo) {
  struct Row {
    char32_t c;
    std::string_view text;
  };
  const Row table[] = {{0, "\0"sv},
                       {'A', "A"},
                       {0x7f, "\x7f"},
                       {0x80, "\xc2\x80"},
                       {0x7ff, "\xdf\xbf"},
                       {0x800, "\xe0\xa0\x80"},
                       {0x2262, "\xe2\x89\xa2"},
                       {0xd7ff, "\xed\x9f\xbf"},
                       {0xe000, "\xee\x80\x80"},
                       {0xffff, "\xef\xbf\xbf"},
                       {0x10000, "\xf0\x90\x80\x80"},
                       {0x233b4, "\xf0\xa3\x8e\xb4"},
                       {0x10ffff, "\xf4\x8f\xbf\xbf"}};
  for (const Row& row : table) {
    std::string text = "before";
    append_utf8(text, row.c);
    EXPECT_EQ(text, "before" + std::string(row.text));
    char32_t c = 1;
    EXPECT_EQ(decode_utf8(row.text, c), row.text.size());
    EXPECT_EQ(c, row.c);
  }
}

TEST(Utf8, WhatIsNoCharacterHasNoLength) {
  const std::string_view table[] = {"",
                                    // no first byte
                                    "\x80", "\xbf", "\xfe", "\xff", "\xf8\x88\x80\x80\x80",
                                    "\xfc\x84\x80\x80\x80\x80",
                                    // cut short
                                    "\xc2", "\xe2", "\xe2\x89", "\xf0", "\xf0\xa3", "\xf0\xa3\x8e",
                                    // a continuation that is none
                                    "\xc2"
                                    "A",
                                    "\xc2\xc2",
                                    "\xe2\x89"
                                    "A",
                                    "\xe2"
                                    "A\xa2",
                                    "\xf0\xa3\x8e"
                                    "A",
                                    "\xf0\xa3"
                                    "A\xb4",
                                    "\xf0"
                                    "A\x8e\xb4",
                                    "\xe2\x89\xff", "\xc2\0"sv,
                                    // overlong
                                    "\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80",
                                    "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
                                    // surrogates
                                    "\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xbf\xbf",
                                    // beyond Unicode
                                    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf7\xbf\xbf\xbf"};
  for (const std::string_view text : table) {
    char32_t c = 0;
    EXPECT_EQ(decode_utf8(text, c), 0U) << testing::PrintToString(std::string(text));
  }
}

}  // namespace
}  // namespace net
