// What netcat writes for other programs to read: JSON, the session log, the progress line.
#include <gtest/gtest.h>

#include "tools/netcat/json_line.h"
#include "tools/netcat/relay/meter.h"
#include "tools/netcat/relay/session_log.h"

namespace netcat {
namespace {

using Seconds = std::chrono::duration<double>;

TEST(NetcatJsonLine, StringsAreQuoted) {
  struct Row {
    std::string_view text;
    const char* json;
  };
  const Row table[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a \"quote\" and a \\", R"("a \"quote\" and a \\")"},
      {"line\nend\t\x1b[31m", R"("line\u000aend\u0009\u001b[31m")"},
      {std::string_view("nul\0", 4), R"("nul\u0000")"},
      {"\x7f\xc2\x85", R"("\u007f\u0085")"},
      {"\xd0\xbf\xf0\x9f\x98\x80", "\"\xd0\xbf\xf0\x9f\x98\x80\""},
      {"broken \xff\xc3", R"("broken \ufffd\ufffd")"},
  };
  for (const Row& row : table) EXPECT_EQ(JsonLine::quoted(row.text), row.json);
}

TEST(NetcatJsonLine, Members) {
  EXPECT_EQ(JsonLine("closed")
                .add("address", "::1")
                .add("port", std::uint64_t{65535})
                .add("bytes", UINT64_MAX)
                .add("ms", 0.25)
                .add_raw("list", "[]")
                .text(),
            R"({"event":"closed","address":"::1","port":65535,"bytes":18446744073709551615,)"
            R"("ms":0.250,"list":[]})");
}

TEST(NetcatSessionLog, EntriesHaveDirectionOffsetAndSize) {
  EXPECT_EQ(log_entry(Direction::kSent, 0, "hello\n"), "> 00000000 6 bytes\nhello\n");
  EXPECT_EQ(log_entry(Direction::kReceived, 0x1f, "x"), "< 0000001f 1 byte\nx\n");
  EXPECT_EQ(log_entry(Direction::kSent, 0x123456789, "\n"), "> 0000000123456789 1 byte\n\n");
}

TEST(NetcatSessionLog, HexDump) {
  EXPECT_EQ(hex_dump(Direction::kSent, 0, ""), "");
  EXPECT_EQ(hex_dump(Direction::kReceived, 16, "A\n"),
            "<"
            " 00000010  41 0a                                            A.\n");
  EXPECT_EQ(hex_dump(Direction::kSent, 0, "0123456789abcdef\xff"),
            "> 00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
            "> 00000010  ff                                               .\n");
}

TEST(NetcatMeter, Words) {
  Progress progress;
  EXPECT_EQ(progress_line(progress), "sent 0 B, received 0 B, 0 B/s, mean 0 B/s, elapsed 0:00");
  progress = {
      .sent = 3 << 20, .received = 1536, .to_send = {}, .rate = 1023, .elapsed = Seconds(2)};
  EXPECT_EQ(progress_line(progress),
            "sent 3.0 MiB, received 1.5 KiB, 1023 B/s, mean 1.5 MiB/s, elapsed 0:02");
  progress = {.sent = 25, .received = 0, .to_send = 100, .rate = 5, .elapsed = Seconds(3725)};
  EXPECT_EQ(progress_line(progress),
            "sent 25 B, received 0 B, 5 B/s, mean 0 B/s, elapsed 1:02:05, 25 %, ETA 3:06:15");
}

TEST(NetcatMeter, PercentAndTimeLeft) {
  const Progress nothing{.sent = 0, .received = 0, .to_send = 0, .rate = 0, .elapsed = Seconds(1)};
  EXPECT_EQ(*nothing.percent(), 100);  // an empty file
  EXPECT_FALSE(nothing.left());
  // The file has grown meanwhile.
  const Progress over{.sent = 20, .received = 0, .to_send = 10, .rate = 1, .elapsed = Seconds(1)};
  EXPECT_EQ(*over.percent(), 100);
  EXPECT_EQ(over.left()->count(), 0);
  EXPECT_EQ(progress_json(over),
            R"({"event":"progress","bytes_sent":20,"bytes_received":0,"rate":1.000,)"
            R"("mean_rate":20.000,"ms":1000.000,"percent":100.000,"eta_ms":0.000})");
}

TEST(NetcatProgress, FitsTheTerminal) {
  EXPECT_EQ(fit("0123456789", 40), "0123456789");
  EXPECT_EQ(fit("0123456789", 11), "0123456789");
  EXPECT_EQ(fit("0123456789", 10), "012345678");
  EXPECT_EQ(fit("0123456789", 1), "");
  EXPECT_EQ(fit(std::string(200, 'x'), 0), std::string(79, 'x')) << "the width is unknown";
}

}  // namespace
}  // namespace netcat
