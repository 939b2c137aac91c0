// LF to CRLF, wherever the reads cut the text.
#include "tools/netcat/relay/crlf.h"

#include <gtest/gtest.h>

namespace netcat {
namespace {

struct CrlfRow {
  std::string_view text;
  std::string_view encoded;
};

const CrlfRow kTexts[] = {
    {"", ""},
    {"abc", "abc"},
    {"\n", "\r\n"},
    {"a\nb\n", "a\r\nb\r\n"},
    {"a\r\nb\r\n", "a\r\nb\r\n"},
    {"\r\n\n\r\n", "\r\n\r\n\r\n"},
    {"\n\n\n", "\r\n\r\n\r\n"},
    {"\r\r\n", "\r\r\n"},
    {"\ra\n", "\ra\r\n"},
    {"a\r", "a\r"},
    {"\n\r", "\r\n\r"},
    {"\n\r\n\r\r\n\n", "\r\n\r\n\r\r\n\r\n"},
};

TEST(Crlf, WholeTexts) {
  for (const CrlfRow& row : kTexts) EXPECT_EQ(CrlfEncoder().encode(row.text), row.encoded);
}

TEST(Crlf, EverySplitInThreeGivesTheSame) {
  for (const CrlfRow& row : kTexts) {
    for (std::size_t first = 0; first <= row.text.size(); ++first) {
      for (std::size_t second = first; second <= row.text.size(); ++second) {
        CrlfEncoder encoder;
        std::string encoded(encoder.encode(row.text.substr(0, first)));
        encoded += encoder.encode(row.text.substr(first, second - first));
        encoded += encoder.encode(row.text.substr(second));
        EXPECT_EQ(encoded, row.encoded) << first << ", " << second;
      }
    }
  }
}

TEST(Crlf, ByteByByteGivesTheSame) {
  for (const CrlfRow& row : kTexts) {
    CrlfEncoder encoder;
    std::string encoded;
    for (const char& c : row.text) encoded += encoder.encode({&c, 1});
    EXPECT_EQ(encoded, row.encoded);
  }
}

}  // namespace
}  // namespace netcat
