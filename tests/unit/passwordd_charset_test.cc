// What passwords are made of: named sets, literal characters, and how bytes choose among them.
#include "tools/passwordd/charset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "passwordd_test.h"

namespace passwordd {
namespace {

TEST(Charset, Sets) {
  struct Row {
    const char* text;
    std::size_t size;
  };
  const Row table[] = {
      {"alnum", 62}, {"alpha", 52}, {"digits", 10}, {"hex", 16},   {"safe", 55},
      {"ab", 2},     {"a-z", 3},    {"xeh", 3},     {"Alnum", 62}, {"DIGITS", 10},
      {"\" \\", 3},  {"äöü", 3},    {"aä€😀", 4},
  };
  for (const Row& row : table) EXPECT_EQ(charset(row.text).size(), row.size) << row.text;
}

TEST(Charset, SafeHasNoLookAlikes) {
  const Charset set = charset("safe");
  for (const char32_t c : std::u32string_view(U"0Oo1Iil|"))
    EXPECT_EQ(set.characters().find(c), std::u32string::npos) << static_cast<char>(c);
}

TEST(Charset, WhatIsNoneSaysWhyAndChangesNothing) {
  struct Row {
    std::string text;
    const char* why;
  };
  std::string many;
  for (int c = 0; c < 257; ++c)
    many += {static_cast<char>(0xc4 + c / 64), static_cast<char>(0x80 + c % 64)};
  const Row table[] = {
      {"", "needs at least two different characters"},
      {"a", "needs at least two different characters"},
      {"aaaa", "has 'a' twice"},
      {"äbä", "has 'ä' twice"},
      {"ab\u200b", "has an invisible, combining or private-use character"},
      {"ab\u0301", "has an invisible, combining or private-use character"},
      {"ab\u202e", "has an invisible, combining or private-use character"},
      {"ab\u00ad", "has an invisible, combining or private-use character"},
      {"ab\u00a0", "has an invisible, combining or private-use character"},
      {"ab\ufeff", "has an invisible, combining or private-use character"},
      {"ab\u0903", "has an invisible, combining or private-use character"},
      {"ab\ue000", "has an invisible, combining or private-use character"},
      {"ab\U000f0000", "has an invisible, combining or private-use character"},
      {"ab\n", "has a control character"},
      {std::string("ab\0", 3), "has a control character"},
      {"ab\x7f", "has a control character"},
      {"ab\xc2\x85", "has a control character"},
      {"ab\xff", "is not UTF-8"},
      {"ab\xc3", "is not UTF-8"},
      {many, "has more than 256 characters"},
  };
  for (const Row& row : table) {
    Charset set = charset("digits");
    EXPECT_EQ(Charset::parse_characters(row.text, set), row.why) << row.text;
    EXPECT_EQ(set.size(), 10u);
  }
  Charset all;
  EXPECT_EQ(Charset::parse_characters(many.substr(0, 512), all), "");
  EXPECT_EQ(all.size(), 256u);
}

// Every size there is: as many bytes for one character as for any other, and no more than can be
// shared out are refused.
TEST(Charset, EveryCharacterHasItsEqualShareOfTheBytes) {
  std::string text;
  for (int n = 1; n <= 256; ++n) {
    text += {static_cast<char>(0xc4 + n / 64), static_cast<char>(0x80 + n % 64)};
    if (n < 2) continue;
    const Charset set = charset(text);
    std::map<char32_t, int> bytes;
    for (int byte = 0; byte < 256; ++byte) ++bytes[set.of(static_cast<unsigned char>(byte))];
    const int refused = bytes.contains(0) ? bytes[0] : 0;
    bytes.erase(0);
    EXPECT_EQ(bytes.size(), static_cast<std::size_t>(n));
    EXPECT_EQ(refused, 256 % n);
    for (const auto& [c, count] : bytes) EXPECT_EQ(count, 256 / n) << n;
  }
}

TEST(Charset, Bits) {
  EXPECT_DOUBLE_EQ(charset("hex").bits(32), 128);
  EXPECT_DOUBLE_EQ(charset("ab").bits(10), 10);
  EXPECT_NEAR(charset("alnum").bits(12), 71.450, 0.001);
  EXPECT_NEAR(charset("digits").bits(4), 13.288, 0.001);
}

// Counted one by one.
TEST(Charset, ShareOfPasswordsThatHaveTheClasses) {
  const Charset set = charset("abA1#");
  for (unsigned classes = 0; classes < 16; ++classes) {
    int all = 0, having = 0;
    for (int n = 0; n < 5 * 5 * 5 * 5; ++n, ++all) {
      unsigned seen = 0;
      for (int i = 0, rest = n; i < 4; ++i, rest /= 5)
        seen |= class_of(set.characters()[static_cast<std::size_t>(rest % 5)]);
      having += (classes & ~seen) == 0 ? 1 : 0;
    }
    EXPECT_NEAR(set.share_with(classes, 4), static_cast<double>(having) / all, 1e-12) << classes;
    EXPECT_NEAR(set.bits(4, classes), std::log2(having), 1e-9) << classes;
  }
}

TEST(Charset, Classes) {
  unsigned mask = 7;
  EXPECT_EQ(parse_classes("digit,lower", mask), "");
  EXPECT_EQ(mask, kDigit | kLower);
  for (const char* wrong : {"", "lower,", ",lower", "lower upper", "LOWER", "x"})
    EXPECT_NE(parse_classes(wrong, mask), "") << wrong;
  EXPECT_EQ(mask, kDigit | kLower);
  EXPECT_EQ(class_of(U'ä'), kLower);
  EXPECT_EQ(class_of(U'Ж'), kUpper);
  EXPECT_EQ(class_of(U'€'), kSymbol);
}

}  // namespace
}  // namespace passwordd
