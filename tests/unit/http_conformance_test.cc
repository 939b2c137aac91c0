// The parser takes and refuses what the table says, however it arrives.
#include <gtest/gtest.h>

#include "../http_rows.h"
#include "http_input.h"

namespace net::http {
namespace {

using namespace http_rows;

// The beginning of the last line: a status, "partial" or "end".
std::string end_of(const std::string& lines) {
  const std::size_t last = lines.rfind('\n') == std::string::npos ? 0 : lines.rfind('\n') + 1;
  return lines.substr(last, lines.find(' ', last) - last);
}

TEST(HttpConformance, EachRule) {
  for (const ConformanceRow& row : kRows) {
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    const std::string lines = transcript(row.bytes);
    if (row.status == kTaken) {
      EXPECT_EQ(end_of(lines), "end") << lines;
      EXPECT_NE(lines, "end");
    } else {
      EXPECT_EQ(end_of(lines), std::to_string(row.status)) << lines;
      EXPECT_EQ(lines.find('\n'), std::string::npos) << "answered: " << lines;
    }
  }
}

TEST(HttpConformance, EachRuleBehindAnotherRequest) {
  for (const ConformanceRow& row : kRows) {
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    const std::string first = posted("Content-Length: 5", "first");
    EXPECT_EQ(transcript(first + row.bytes),
              transcript(first).substr(0, transcript(first).size() - 3) + transcript(row.bytes));
  }
}

TEST(HttpConformance, TheSameAgainMeansTheSame) {
  for (const ConformanceRow& row : kRows) {
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    std::string lines = transcript(row.bytes);
    if (row.status == kTaken) lines = lines.substr(0, lines.size() - 3) + lines;
    EXPECT_EQ(transcript(row.bytes + row.bytes), lines);
    EXPECT_EQ(transcript({row.bytes, row.bytes}), lines);
  }
}

TEST(HttpConformance, ARefusalIsAPlainSentence) {
  for (const ConformanceRow& row : kRows) {
    if (row.status == kTaken) continue;
    const std::string lines = transcript(row.bytes);
    EXPECT_TRUE(lines.ends_with('.')) << lines;
    EXPECT_EQ(lines.find_first_not_of(
                  "0123456789. ,:/-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
              std::string::npos)
        << lines;
  }
}

// Every prefix of a request that is taken is the beginning of one.
TEST(HttpConformance, EveryPrefixIsPartial) {
  for (const ConformanceRow& row : kRows) {
    if (row.status != kTaken || row.bytes.size() > 1000) continue;
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    const std::string whole = transcript(row.bytes);
    for (std::size_t size = 0; size < row.bytes.size(); ++size) {
      const std::string lines = transcript(std::string_view(row.bytes).substr(0, size));
      const std::string end = end_of(lines);
      EXPECT_TRUE(end == "partial" || end == "end") << size << ": " << lines;
      EXPECT_NE(lines, whole) << size;
      EXPECT_TRUE(whole.starts_with(lines.substr(0, lines.size() - end.size()))) << size;
    }
  }
}

TEST(HttpConformance, EverySplitGivesTheSame) {
  for (const ConformanceRow& row : kRows) {
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    const std::string_view bytes = row.bytes;
    const std::string whole = transcript(bytes);
    const std::size_t step = bytes.size() > 1000 ? bytes.size() / 100 : 1;
    for (std::size_t at = 1; at < bytes.size(); at += step)
      ASSERT_EQ(transcript({bytes.substr(0, at), bytes.substr(at)}), whole) << "split at " << at;
    EXPECT_EQ(transcript_of_pieces(bytes, bytes.size() > 2000 ? 97 : 1), whole);
  }
}

}  // namespace
}  // namespace net::http
