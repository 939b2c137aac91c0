// Requests as handlers see them, responses as bytes.
#include "common/http/message.h"

#include <gtest/gtest.h>

#include "common/http/date.h"
#include "common/http/response.h"
#include "http_input.h"

namespace net::http {
namespace {

// --- requests ---

struct TargetRow {
  std::string_view target;
  std::string_view path;
  std::string_view query;
  std::string_view host = "a";  // of the field
};

const TargetRow kTargets[] = {
    {"/", "/", ""},
    {"/a/b", "/a/b", ""},
    {"/a?b=c", "/a", "b=c"},
    {"/a?", "/a", ""},
    {"/?a?b", "/", "a?b"},
    {"//a//b", "//a//b", ""},
    {"/a%20b?c%20d", "/a%20b", "c%20d"},
    {"http://h", "/", "", "h"},
    {"http://h/", "/", "", "h"},
    {"http://h?a=b", "/", "a=b", "h"},
    {"https://h:443/a/b?c", "/a/b", "c", "h:443"},
    {"HTTP://[::1]:80/a?http://b/", "/a", "http://b/", "[::1]:80"},
};

TEST(HttpRequest, TargetsHaveAPathAndAQuery) {
  for (const TargetRow& row : kTargets) {
    Parser parser;
    const std::string bytes = "GET " + std::string(row.target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    std::string_view input = bytes;
    ASSERT_EQ(take(parser, input), Progress::kComplete) << row.target;
    EXPECT_EQ(parser.request().target, row.target);
    EXPECT_EQ(parser.request().path, row.path);
    EXPECT_EQ(parser.request().query, row.query);
    EXPECT_EQ(parser.request().host, row.host);
  }
}

TEST(HttpRequest, FieldsInAnyLetterCase) {
  const Field fields[] = {{"Host", "a"}, {"X-Y", "1"}, {"x-y", "2"}};
  Request request;
  request.fields = fields;
  EXPECT_EQ(request.field("host"), "a");
  EXPECT_EQ(request.field("X-y"), "1");
  EXPECT_EQ(request.field("X"), "");
  EXPECT_EQ(request.field("X-Y-Z"), "");
  EXPECT_EQ(request.field("X@Y"), "");
}

struct KeepAliveRow {
  const char* version;
  const char* connection;
  bool keep_alive;
};

// RFC 9112, 9.3.
const KeepAliveRow kKeepAlive[] = {
    {"1", "X: y", true},
    {"1", "Connection: close", false},
    {"1", "Connection: Close", false},
    {"1", "Connection: keep-alive", true},
    {"1", "Connection: foo, close", false},
    {"1", "Connection: keep-alive, close", false},
    {"1", "Connection: foo\r\nConnection: close", false},
    {"1", "Connection: closed", true},
    {"0", "X: y", false},
    {"0", "Connection: keep-alive", true},
    {"0", "Connection: Keep-Alive", true},
    {"0", "Connection: foo, keep-alive", true},
    {"0", "Connection: close", false},
    {"0", "Connection: keep-alive, close", false},
};

TEST(HttpRequest, KeepAlive) {
  for (const KeepAliveRow& row : kKeepAlive) {
    Parser parser;
    const std::string bytes = std::string("GET / HTTP/1.") + row.version + "\r\nHost: a\r\n" +
                              row.connection + "\r\n\r\n";
    std::string_view input = bytes;
    ASSERT_EQ(take(parser, input), Progress::kComplete) << bytes;
    EXPECT_EQ(parser.keep_alive(), row.keep_alive) << bytes;
  }
}

TEST(HttpRequest, KeptIsTheSameWhenItsInputIsGone) {
  const std::string fields = "POST /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n";
  for (const std::string& bytes :
       {fields + "\r\n", fields + "Content-Length: 5\r\n\r\nhello",
        fields + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    Parser parser;
    {
      const GuardedBytes guarded(bytes);
      std::string_view input = guarded.view();
      ASSERT_EQ(take(parser, input), Progress::kComplete);
      parser.keep();
      parser.keep();
    }
    EXPECT_EQ(parser.request().method, "POST");
    EXPECT_EQ(parser.request().target, "/a?b");
    EXPECT_EQ(parser.request().query, "b");
    EXPECT_EQ(parser.request().field("x"), "y");
    EXPECT_EQ(parser.request().body, bytes.size() > fields.size() + 2 ? "hello" : "");
    EXPECT_TRUE(parser.keep_alive());
    EXPECT_FALSE(parser.begun());
    std::string_view input = "GET / HTTP/1.1\r\nHost: b\r\n\r\n";
    ASSERT_EQ(take(parser, input), Progress::kComplete);
    EXPECT_EQ(parser.request().field("Host"), "b");
    EXPECT_EQ(parser.request().body, "");
  }
}

TEST(HttpRequest, ContinueIsWantedOnceAndBeforeTheBody) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n";
  Parser parser;
  const std::string expecting = head + "Expect: 100-continue\r\n\r\n";
  std::string_view input = expecting;
  ASSERT_EQ(take(parser, input), Progress::kPartial);
  EXPECT_FALSE(parser.in_head());
  EXPECT_TRUE(parser.take_continue());
  EXPECT_FALSE(parser.take_continue());
  input = "hello";
  ASSERT_EQ(take(parser, input), Progress::kComplete);
  EXPECT_FALSE(parser.take_continue());
  const std::string with_body = expecting + "hello";
  input = with_body;
  ASSERT_EQ(take(parser, input), Progress::kComplete);
  EXPECT_FALSE(parser.take_continue());
  const std::string plain = head + "\r\n";
  input = plain;
  ASSERT_EQ(take(parser, input), Progress::kPartial);
  EXPECT_FALSE(parser.take_continue());
  Parser old;
  const std::string http10 = "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  input = http10;
  ASSERT_EQ(take(old, input), Progress::kPartial);
  EXPECT_FALSE(old.take_continue());
}

TEST(HttpRequest, AllowedMethods) {
  Request request;
  for (const std::string_view method : {"GET", "HEAD", "DELETE"}) {
    request.method = method;
    EXPECT_FALSE(check_method(request, "GET, HEAD,DELETE, OPTIONS")) << method;
  }
  for (const std::string_view method : {"POST", "G", "HEA", "", "GET, HEAD"}) {
    request.method = method;
    const auto refused = check_method(request, "GET, HEAD");
    ASSERT_TRUE(refused) << method;
    EXPECT_EQ(refused->status, 405);
    EXPECT_EQ(refused->fields, "Allow: GET, HEAD\r\n");
    EXPECT_TRUE(refused->body.ends_with(".\n"));
  }
  request.method = "OPTIONS";
  const auto options = check_method(request, "GET, HEAD, OPTIONS");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->status, 204);
  EXPECT_EQ(options->fields, "Allow: GET, HEAD, OPTIONS\r\n");
}

// --- responses ---

std::string head_of(const Response& response, std::string_view method, int minor, bool close) {
  Request request;
  request.method = method;
  request.minor = minor;
  std::string out;
  append_head(out, response, framing_of(request, response, close), "Date: now\r\n", "K: a\r\n");
  out += "\r\n";
  return out;
}

TEST(HttpResponse, Heads) {
  Response response;
  response.body = "hello";
  EXPECT_EQ(head_of(response, "GET", 1, false),
            "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 5\r\nK: a\r\n\r\n");
  EXPECT_EQ(head_of(response, "HEAD", 1, false), head_of(response, "GET", 1, false));
  response.content_type = "";
  response.status = 404;
  response.add("X", "y");
  EXPECT_EQ(head_of(response, "GET", 1, true),
            "HTTP/1.1 404 Not Found\r\nDate: now\r\nContent-Length: 5\r\nX: y\r\n"
            "Connection: close\r\n\r\n");
  EXPECT_EQ(head_of(response, "GET", 0, false),
            "HTTP/1.1 404 Not Found\r\nDate: now\r\nContent-Length: 5\r\nX: y\r\nK: a\r\n\r\n");
  response.close = true;
  EXPECT_TRUE(head_of(response, "GET", 1, false).ends_with("\r\nConnection: close\r\n\r\n"));
  response.status = 299;
  EXPECT_TRUE(head_of(response, "GET", 1, false).starts_with("HTTP/1.1 299 \r\n"));
}

// RFC 9110, 8.6 and 15.4.5: no length, because there is no content.
TEST(HttpResponse, SomeStatusesHaveNoBody) {
  Response response;
  response.body = "hello";
  for (const int status : {101, 204, 304}) {
    response.status = status;
    const std::string head = head_of(response, "GET", 1, false);
    EXPECT_EQ(head.find("Content-"), std::string::npos) << head;
    EXPECT_TRUE(framing_of(Request(), response, false).bodyless);
  }
}

Task<Error> nothing(Body&) { co_return Error(); }

// RFC 9110, 15.3.6: a length, which is 0.
TEST(HttpResponse, AResetHasNoBody) {
  Response response;
  response.body = "hello";
  response.status = 205;
  const std::string plain = head_of(response, "GET", 1, false);
  EXPECT_EQ(plain, "HTTP/1.1 205 Reset Content\r\nDate: now\r\nContent-Length: 0\r\nK: a\r\n\r\n");
  response.stream = nothing;
  EXPECT_EQ(head_of(response, "GET", 1, false), plain);
  EXPECT_TRUE(framing_of(Request(), response, false).bodyless);
}

TEST(HttpResponse, StreamsAreChunkedOrEndWithTheConnection) {
  Response response;
  response.stream = nothing;
  response.content_type = "";
  EXPECT_EQ(head_of(response, "GET", 1, false),
            "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\nK: a\r\n\r\n");
  EXPECT_EQ(head_of(response, "HEAD", 1, false), head_of(response, "GET", 1, false));
  EXPECT_EQ(head_of(response, "GET", 0, false),
            "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\n\r\n");
  response.status = 204;
  EXPECT_EQ(head_of(response, "GET", 1, false),
            "HTTP/1.1 204 No Content\r\nDate: now\r\nK: a\r\n\r\n");
}

TEST(HttpResponse, ErrorsAreOnePlainSentence) {
  const Response response = error_response(404, "There is nothing here.");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "There is nothing here.\n");
  EXPECT_TRUE(response.content_type.starts_with("text/plain"));
}

TEST(HttpResponse, FieldsThatWouldBeTwoAbort) {
  Response response;
  EXPECT_DEATH(response.add("X", "a\r\nY: b"), "find_first_of");
  EXPECT_DEATH(response.add("X", "a\nb"), "find_first_of");
  EXPECT_DEATH(response.add("X:", "a"), "find_first_of");
}

TEST(HttpResponse, Reasons) {
  EXPECT_EQ(reason(100), "Continue");
  EXPECT_EQ(reason(511), "Network Authentication Required");
  for (const int status : {400, 404, 405, 408, 413, 414, 417, 431, 500, 501, 503, 505, 507})
    EXPECT_NE(reason(status), "") << status;
  for (const int status : {0, 99, 299, 306, 599, 999}) EXPECT_EQ(reason(status), "") << status;
}

// RFC 9110, 5.6.7.
TEST(HttpDate, IsThatOfTheSecond) {
  Date date;
  EXPECT_EQ(date.line(784111777), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(date.line(784111777), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(date.line(784111778), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  EXPECT_EQ(date.line(0), "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
  EXPECT_EQ(date.line(4102444800), "Date: Fri, 01 Jan 2100 00:00:00 GMT\r\n");
  EXPECT_EQ(date.line().size(), date.line(0).size());
}

}  // namespace
}  // namespace net::http
