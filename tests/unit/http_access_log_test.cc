// The Common Log Format, and that nothing of a client's can break it.
#include "common/http/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace net::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr std::time_t kMoment = 971'211'336;  // 10 October 2000, 20:55:36 UTC

class AccessLog : public testing::Test {
 protected:
  AccessLog() {
    setenv("TZ", "UTC0", 1);
    tzset();
  }
};

TEST_F(AccessLog, Lines) {
  struct Row {
    Access access;
    const char* rest;
  };
  const Row table[] = {
      {{"127.0.0.1", "GET", "/apache_pb.gif", 0, 200, 2326},
       "\"GET /apache_pb.gif HTTP/1.0\" 200 2326"},
      {{"127.0.0.1", "GET", "/?a=1", 1, 404, 5}, "\"GET /?a=1 HTTP/1.1\" 404 5"},
      {{"127.0.0.1", "HEAD", "/", 1, 200, 0}, "\"HEAD / HTTP/1.1\" 200 -"},
      {{"127.0.0.1", "", "", 1, 400, 20}, "\"-\" 400 20"},
      {{"127.0.0.1", "GET", "/\"\\", 1, 200, 15}, "\"GET /\\x22\\x5C HTTP/1.1\" 200 15"},
      {{"127.0.0.1", "GET", "/\x1b[31m\r\n\x7f", 1, 200, 15},
       "\"GET /\\x1B[31m\\x0D\\x0A\\x7F HTTP/1.1\" 200 15"},
      {{"127.0.0.1", "GET", "/\xd0\x9f\x80", 1, 200, 15},
       "\"GET /\\xD0\\x9F\\x80 HTTP/1.1\" 200 15"},
  };
  for (const Row& row : table) {
    EXPECT_EQ(log_line(row.access, kMoment),
              std::string("127.0.0.1 - - [10/Oct/2000:20:55:36 +0000] ") + row.rest);
  }
}

TEST_F(AccessLog, AHostThatIsNotKnown) {
  EXPECT_EQ(log_line({.method = "GET", .target = "/"}, kMoment),
            "- - - [10/Oct/2000:20:55:36 +0000] \"GET / HTTP/1.1\" 200 -");
}

TEST_F(AccessLog, LocalTime) {
  setenv("TZ", "PDT7", 1);
  tzset();
  EXPECT_THAT(log_line({}, kMoment), HasSubstr("[10/Oct/2000:13:55:36 -0700]"));
  setenv("TZ", "IST-5:30", 1);
  tzset();
  EXPECT_THAT(log_line({}, kMoment), HasSubstr("[11/Oct/2000:02:25:36 +0530]"));
}

TEST_F(AccessLog, ALongTargetIsCutAndTheRestOfTheLineIsNot) {
  for (const char byte : {'a', '\x01'}) {
    const std::string target = "/" + std::string(16'000, byte);
    const std::string line = log_line({.method = "GET", .target = target}, kMoment);
    EXPECT_LT(line.size(), 2500u);
    EXPECT_THAT(line, EndsWith("... HTTP/1.1\" 200 -"));
  }
}

}  // namespace
}  // namespace net::http
