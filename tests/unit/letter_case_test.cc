// Upper and lower case of UTF-8 text.
#include "tools/reverbd/letter_case.h"

#include <gtest/gtest.h>

#include <clocale>

namespace reverbd {
namespace {

using namespace std::string_view_literals;

struct LetterRow {
  std::string_view text;
  std::string_view upper;
  std::string_view lower;
};

const LetterRow kLetters[] = {
    {"", "", ""},
    {"Hello, World 123!", "HELLO, WORLD 123!", "hello, world 123!"},
    {"Привет", "ПРИВЕТ", "привет"},
    {"Ёжик ѢѲ", "ЁЖИК ѢѲ", "ёжик ѣѳ"},
    {"Ελλάδα", "ΕΛΛΆΔΑ", "ελλάδα"},
    {"ΟΔΥΣΣΕΥΣ", "ΟΔΥΣΣΕΥΣ", "οδυσσευσ"},  // letter by letter: no final sigma
    {"ς", "Σ", "ς"},
    {"Straße", "STRAßE", "straße"},  // letter by letter: ß has no single capital
    {"ẞ", "ẞ", "ß"},
    {"Äöü ÿ Ÿ", "ÄÖÜ Ÿ Ÿ", "äöü ÿ ÿ"},
    {"Ⅷ ⅷ Ⓐⓐ", "Ⅷ Ⅷ ⒶⒶ", "ⅷ ⅷ ⓐⓐ"},
    {"𐐀𐐨", "𐐀𐐀", "𐐨𐐨"},  // four bytes
    {"日本語 😀", "日本語 😀", "日本語 😀"},
    {"a\0B"sv, "A\0B"sv, "a\0b"sv},
};

TEST(LetterCase, IsUnicodes) {
  for (const LetterRow& row : kLetters) {
    EXPECT_EQ(to_upper(row.text), row.upper);
    EXPECT_EQ(to_lower(row.text), row.lower);
  }
}

TEST(LetterCase, WhateverTheProcessesLocale) {
  ASSERT_STREQ(std::setlocale(LC_ALL, "C"), "C");
  EXPECT_EQ(to_upper("привет"), "ПРИВЕТ");
  EXPECT_EQ(to_lower("ПРИВЕТ"), "привет");
}

TEST(LetterCase, BytesThatAreNoUtf8StayAsTheyAre) {
  const LetterRow table[] = {
      {"\xff\xfe\x80", "\xff\xfe\x80", "\xff\xfe\x80"},
      {"a\xffZ", "A\xffZ", "a\xffz"},
      {"п\xd0", "П\xd0", "п\xd0"},     // cut short at the end
      {"\xd0Ёж", "\xd0ЁЖ", "\xd0ёж"},  // and in the middle
      {"\xc1\xa1"
       "b",
       "\xc1\xa1"
       "B",
       "\xc1\xa1"
       "b"},                                                // an overlong 'a'
      {"\xed\xa0\x80x", "\xed\xa0\x80X", "\xed\xa0\x80x"},  // a surrogate
  };
  for (const LetterRow& row : table) {
    EXPECT_EQ(to_upper(row.text), row.upper);
    EXPECT_EQ(to_lower(row.text), row.lower);
  }
}

}  // namespace
}  // namespace reverbd
