// netcat -t: telnet's commands, however their bytes arrive.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tools/netcat/channel/telnet.h"

namespace netcat {
namespace {

using std::string_literals::operator""s;

struct TelnetRow {
  const char* what;
  std::string bytes;
  std::string data;
  std::string replies;
};

const TelnetRow kConversations[] = {
    {"data", "hello\r\n", "hello\r\n", ""},
    {"every byte but IAC", "\x00\x01\x7f\x80\xf0\xfe"s, "\x00\x01\x7f\x80\xf0\xfe"s, ""},
    {"DO ECHO", "\xff\xfd\x01", "", "\xff\xfc\x01"},
    {"WILL ECHO", "\xff\xfb\x01", "", "\xff\xfe\x01"},
    {"DONT ECHO", "\xff\xfe\x01", "", ""},
    {"WONT ECHO", "\xff\xfc\x01", "", ""},
    {"option 0", "\xff\xfd\x00"s, "", "\xff\xfc\x00"s},
    {"option 255", "\xff\xfd\xff", "", "\xff\xfc\xff"},
    {"IAC IAC",
     "a\xff\xff"
     "b",
     "a\xff"
     "b",
     ""},
    {"IAC IAC before a command", "\xff\xff\xfd\x01", "\xff\xfd\x01", ""},
    {"NOP, GA, AYT, EC",
     "a\xff\xf1"
     "b\xff\xf9"
     "c\xff\xf6"
     "d\xff\xf7"
     "e",
     "abcde", ""},
    {"SE alone",
     "a\xff\xf0"
     "b",
     "ab", ""},
    {"subnegotiation",
     "a\xff\xfa\x18\x01\xff\xf0"
     "b",
     "ab", ""},
    {"subnegotiation with IAC IAC",
     "\xff\xfa\x18\xff\xff\xf0\xff\xf0"
     "b",
     "b", ""},
    {"subnegotiation with a command in it",
     "\xff\xfa\x18\xff\xfd\x01\xff\xf0"
     "b",
     "b", ""},
    {"several", "\xff\xfd\x18\xff\xfd\x20\xff\xfb\x03login: ", "login: ",
     "\xff\xfc\x18\xff\xfc\x20\xff\xfe\x03"},
    {"cut off", "a\xff\xfd", "a", ""},
};

TEST(NetcatTelnet, DataAndReplies) {
  for (const TelnetRow& row : kConversations) {
    TelnetParser parser;
    std::string bytes = row.bytes;
    std::string replies;
    bytes.resize(parser.take(bytes, replies));
    EXPECT_EQ(bytes, row.data) << row.what;
    EXPECT_EQ(replies, row.replies) << row.what;
  }
}

TEST(NetcatTelnet, InPiecesOfAnySize) {
  for (const TelnetRow& row : kConversations) {
    for (std::size_t size = 1; size < row.bytes.size(); ++size) {
      TelnetParser parser;
      std::string data;
      std::string replies;
      for (std::size_t at = 0; at < row.bytes.size(); at += size) {
        std::string piece = row.bytes.substr(at, size);
        piece.resize(parser.take(piece, replies));
        data += piece;
      }
      EXPECT_EQ(data, row.data) << row.what << " by " << size;
      EXPECT_EQ(replies, row.replies) << row.what << " by " << size;
    }
  }
}

// ---- the channel ----

// Gives what is in `input`, a piece at a time, and takes `room` bytes.
class Wire final : public Channel {
 public:
  std::string input;
  std::string output;
  std::size_t room = SIZE_MAX;
  bool finished = false;

  net::Result<std::size_t> try_read(std::span<char> buffer) override {
    const std::size_t n = std::min(buffer.size(), input.size());
    if (n == 0) return net::Error(UV_EAGAIN);
    std::copy_n(input.begin(), n, buffer.begin());
    input.erase(0, n);
    return n;
  }
  net::Result<std::size_t> try_write(std::string_view data) override {
    const std::size_t n = std::min(room, data.size());
    if (n == 0) return net::Error(UV_EAGAIN);
    output += data.substr(0, n);
    room -= n;
    return n;
  }
  net::Error finish() override {
    finished = true;
    return {};
  }
  bool has_input() override { return !input.empty(); }
  net::Task<net::Error> readable() override { co_return net::Error(); }
  net::Task<net::Error> writable() override { co_return net::Error(); }
  net::Task<net::Error> hangup() override { co_return net::Error(); }
  void cancel() override {}
};

std::string read(Channel& from) {
  std::string buffer(100, '\0');
  const net::Result<std::size_t> n = from.try_read(buffer);
  return n ? buffer.substr(0, *n) : "EAGAIN";
}

// As much as is taken.
std::size_t write(Channel& to, std::string_view data) {
  std::size_t taken = 0;
  while (taken < data.size()) {
    const net::Result<std::size_t> n = to.try_write(data.substr(taken));
    if (!n) break;
    taken += *n;
  }
  return taken;
}

TEST(NetcatTelnet, RepliesAtOnce) {
  Wire wire;
  Telnet telnet(wire);
  wire.input = "\xff\xfd\x01";
  EXPECT_EQ(read(telnet), "EAGAIN");
  EXPECT_EQ(wire.output, "\xff\xfc\x01");
  wire.input =
      "a\xff\xfb\x02"
      "b";
  EXPECT_EQ(read(telnet), "ab");
  EXPECT_EQ(wire.output, "\xff\xfc\x01\xff\xfe\x02");
}

TEST(NetcatTelnet, SendsIacTwice) {
  Wire wire;
  Telnet telnet(wire);
  EXPECT_EQ(write(telnet,
                  "\xff"
                  "a\xff\xff"
                  "b"),
            5U);
  EXPECT_EQ(wire.output,
            "\xff\xff"
            "a\xff\xff\xff\xff"
            "b");
}

TEST(NetcatTelnet, AReplyGoesOutBeforeDataAndWholeBeforeTheEnd) {
  Wire wire;
  Telnet telnet(wire);
  wire.room = 1;
  wire.input = "\xff\xfd\x01";
  EXPECT_EQ(read(telnet), "EAGAIN");
  EXPECT_EQ(write(telnet, "data"), 0U);
  EXPECT_EQ(telnet.finish(), net::Error(UV_EAGAIN));
  EXPECT_FALSE(wire.finished);
  wire.room = 100;
  EXPECT_EQ(write(telnet, "data\xff"), 5U);
  EXPECT_EQ(wire.output,
            "\xff\xfc\x01"
            "data\xff\xff");
  EXPECT_EQ(telnet.finish(), net::Error());
  EXPECT_TRUE(wire.finished);
}

TEST(NetcatTelnet, WhatWaitsToBeSentIsUndelivered) {
  Wire wire;
  Telnet telnet(wire);
  wire.room = 0;
  wire.input = "\xff\xfd\x01";
  EXPECT_EQ(read(telnet), "EAGAIN");
  EXPECT_EQ(*telnet.undelivered(), 3U);
  wire.room = 100;
  EXPECT_EQ(*telnet.undelivered(), 0U);
  EXPECT_EQ(wire.output, "\xff\xfc\x01");
}

TEST(NetcatTelnet, AfterTheHalfCloseNothingIsAnswered) {
  Wire wire;
  Telnet telnet(wire);
  EXPECT_EQ(telnet.finish(), net::Error());
  wire.input = "a\xff\xfd\x01";
  EXPECT_EQ(read(telnet), "a");
  EXPECT_EQ(wire.output, "");
}

// A peer that asks on and on and reads nothing.
TEST(NetcatTelnet, RepliesThatAreNotReadDoNotPileUp) {
  Wire wire;
  Telnet telnet(wire);
  wire.room = 0;
  for (int i = 0; i < 10'000; ++i) {
    wire.input = "\xff\xfd\x01\xff\xfd\x02";
    EXPECT_EQ(read(telnet), "EAGAIN");
  }
  EXPECT_LE(*telnet.undelivered(), 5000U);
}

}  // namespace
}  // namespace netcat
