// netcat -t: a server that negotiates.
#include <gtest/gtest.h>
#include <string>

#include "session.h"

namespace e2e {
namespace {

using std::string_literals::operator""s;

TEST(NetcatTelnet, RefusesWhatTheServerNegotiates) {
  Session s({"-t"});
  s.peer.send("\xff\xfd\x18\xff\xfb\x01login: ");
  EXPECT_EQ(s.netcat.out.take(7), "login: ");
  EXPECT_EQ(s.peer.take(6), "\xff\xfc\x18\xff\xfe\x01");
  s.netcat.in.send("me\n");
  EXPECT_EQ(s.peer.line(), "me");
  s.peer.send("\xff\xfa\x18\x01\xff\xf0 a\xff\xff\n");
  EXPECT_EQ(s.netcat.out.line(), " a\xff");
  s.netcat.in.send("\xff\n");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "\xff\xff\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatTelnet, ByteByByte) {
  Session s({"-t"});
  for (const char c : "a\xff\xfd\x00z\n"s) s.peer.send({&c, 1});
  EXPECT_EQ(s.netcat.out.line(), "az");
  EXPECT_EQ(s.peer.take(3), "\xff\xfc\x00"s);
}

TEST(NetcatTelnet, AsAServer) {
  for (const Words& options : {Words{"-t"}, Words{"-t", "-k"}}) {
    Listening s(options);
    auto client = s.connect();
    client.send("\xff\xfb\x03hello\n");
    EXPECT_EQ(client.take(3), "\xff\xfe\x03");
    EXPECT_EQ(s.netcat.out.line(), "hello");
  }
}

TEST(NetcatTelnet, WithoutItEveryByteIsData) {
  Session s;
  s.peer.send("\xff\xfd\x01\n");
  EXPECT_EQ(s.netcat.out.line(), "\xff\xfd\x01");
}

}  // namespace
}  // namespace e2e
