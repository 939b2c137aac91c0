// What every HTTP daemon has besides its routes, and what it refuses by a request's head.
#include <gmock/gmock.h>

#include "common/http/site.h"
#include "http_test.h"

namespace net::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// /hello; /form with a body of 10 bytes at most; /private needs a token; /down fails; /slow waits.
class TestSite final : public Site {
 public:
  TestSite(Loop& loop, const SiteOptions& options, Figures& figures)
      : Site(loop, options, figures, "a site under test"), loop_(loop) {
    const auto say = [](int status, const char* text) {
      return [=](const Request&) { return plain_answer(status, text); };
    };
    add("/hello", {.summary = "says hello", .no_store = true, .handle = say(200, "Hello\n")});
    add("/private", {.handle = say(200, "secret\n")});
    add("/down", {.is_check = true, .handle = say(503, "down\n")});
    add("/slow", {.is_check = true, .handle = [this](const Request&) { return slow(loop_); }});
    const auto echo = [](const Request& request) {
      return plain_answer(200, std::string(request.body) + "\n");
    };
    add("/form", {.methods = "POST, OPTIONS", .body = {.bytes_max = 10}, .handle = echo});
  }

  using Site::set_fields;

 private:
  std::optional<Response> authorize(const Request& request) override {
    if (request.path != "/private") return std::nullopt;
    return refusal(request, 401, "A token is needed.");
  }
  static Task<Response> slow(Loop& loop) {
    Error e = co_await sleep(loop, Millis(1));
    EXPECT_FALSE(e);
    co_return plain_answer(503, "slow\n");
  }
  void append_metrics(std::string& out) override { out += "mine 1\n"; }

  Loop& loop_;
};

struct Fixture {
  explicit Fixture(Loop& loop, BrowserOptions browser = {}) {
    options.browser = std::move(browser);
    site = std::make_unique<TestSite>(loop, options, figures);
    client = std::make_unique<TestClient>(loop, *site);
  }
  // One request on the kept connection, up to the end of what it answers.
  auto ask(std::string_view request, std::string_view end) { return client->ask(request, end); }
  Task<> leave() {
    co_await client->half_close();
    co_await client->served();
  }

  SiteOptions options;
  Figures figures{"testd"};
  std::unique_ptr<TestSite> site;
  std::unique_ptr<TestClient> client;
};

std::string ask_for(std::string_view method, std::string_view path, std::string_view fields = "",
                    std::string_view body = "") {
  std::string text(method);
  text.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(fields);
  if (!body.empty()) text.append("Content-Length: ").append(std::to_string(body.size()) + "\r\n");
  return text.append("\r\n").append(body);
}

NET_TEST(HttpSite, ChecksMetricsAndThePage) {
  Fixture test(loop);
  std::string answer = co_await test.ask(ask_for("GET", "/livez"), "ok\n");
  EXPECT_THAT(answer, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nKeep-Alive: timeout=75\r\n"));
  answer = co_await test.ask(ask_for("GET", "/readyz"), "ok\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  answer = co_await test.ask(ask_for("GET", "/metrics"), "mine 1\n");
  EXPECT_THAT(answer, HasSubstr("testd_requests_total{code=\"200\"} 2\n"));
  answer = co_await test.ask(ask_for("GET", "/"), "testd(8).\n");
  EXPECT_THAT(answer, HasSubstr("text/plain"));
  EXPECT_THAT(answer, HasSubstr("/hello\n    says hello\n"));
  EXPECT_THAT(answer, Not(HasSubstr("/private")));
  answer =
      co_await test.ask(ask_for("GET", "/", "Accept: text/html, */*;q=0.8\r\n"), "testd(8).</p>\n");
  EXPECT_THAT(answer, HasSubstr("text/html"));
  EXPECT_THAT(answer, HasSubstr("<a href=\"/hello\">"));
  test.site->stop_soon();
  answer = co_await test.ask(ask_for("GET", "/readyz"), "not ready: the server is stopping\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  co_await test.leave();
}

NET_TEST(HttpSite, ACacheControlReplacesItsOwn) {
  Fixture test(loop);
  const std::string ours = "Cache-Control: no-store\r\n";
  const std::string theirs = "cache-control: max-age=60\r\n";
  const std::string added[] = {"X-Cache-Control: a\r\n", "A: b\r\n" + theirs};
  const char* const paths[] = {"/livez", "/hello", "/none", "not-a-path"};
  for (const std::string& fields : added) {
    test.site->set_fields(fields);
    for (const char* path : paths) {
      TestClient client(loop, *test.site);
      const std::string request = ask_for("GET", path, "Connection: close\r\n");
      const std::string answer = co_await client.ask(request, "");
      EXPECT_EQ(count(answer, fields), 1U) << answer;
      EXPECT_EQ(count(answer, ours), fields.ends_with(theirs) ? 0U : 1U) << answer;
      co_await client.half_close();
      co_await client.served();
    }
  }
  co_await test.leave();
}

NET_TEST(HttpSite, OptionsTellTheTruth) {
  Fixture test(loop);
  struct Row {
    const char* path;
    const char* status;
    const char* end;
  };
  const Row table[] = {{"/hello", "204", "\r\n\r\n"}, {"/readyz", "204", "\r\n\r\n"},
                       {"*", "204", "\r\n\r\n"},      {"/down", "503", "down\n"},
                       {"/slow", "503", "slow\n"},    {"/none", "404", "path.\n"}};
  for (const Row& row : table) {
    const std::string answer = co_await test.ask(ask_for("OPTIONS", row.path), row.end);
    EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + row.status)) << row.path;
    const bool found = std::string_view(row.status) != "404";
    EXPECT_EQ(answer.find("\r\nAllow: GET, HEAD, ") != answer.npos, found) << answer;
  }
  test.site->stop_soon();
  const std::string answer =
      co_await test.ask(ask_for("OPTIONS", "/readyz"), "not ready: the server is stopping\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  co_await test.leave();
}

// What has come of the body is passed over, what has not is never waited for.
NET_TEST(HttpSite, NoBodyIsReadBehindARefusal) {
  struct Row {
    const char* path;
    const char* method;
    const char* status;
  };
  const Row table[] = {
      {"/none", "POST", "404"}, {"/hello", "POST", "405"}, {"/private", "POST", "401"}};
  for (const Row& row : table) {
    Fixture test(loop);
    std::string answer =
        co_await test.ask(ask_for(row.method, row.path, "", "GET / HTTP/1.1\r\n\r\n"), ".\n");
    EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + row.status));
    EXPECT_THAT(answer, Not(HasSubstr("close")));
    answer = co_await test.ask(ask_for("GET", "/hello"), "Hello\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    answer =
        co_await test.ask(ask_for(row.method, row.path, "Content-Length: 1000000000000\r\n"), "");
    EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + row.status));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    test.client->stream.close();
    co_await test.client->served();
  }
}

NET_TEST(HttpSite, NoContinueToARefusedBody) {
  Fixture test(loop);
  std::string answer = co_await test.ask(
      ask_for("POST", "/form", "Expect: 100-continue\r\nContent-Length: 3\r\n"), "\r\n\r\n");
  EXPECT_EQ(answer, "HTTP/1.1 100 Continue\r\n\r\n");
  answer = co_await test.ask("abc", "abc\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  answer = co_await test.ask(
      ask_for("POST", "/hello", "Expect: 100-continue\r\nContent-Length: 3\r\n"), "");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  test.client->stream.close();
  co_await test.client->served();
}

NET_TEST(HttpSite, EachRouteHasItsLimit) {
  for (const bool chunked : {false, true}) {
    Fixture test(loop);
    const std::string coding = "Transfer-Encoding: chunked\r\n";
    const auto post = [&](const char* path, const std::string& body) {
      if (!chunked) return ask_for("POST", path, "", body);
      return ask_for("POST", path, coding) + "b\r\n" + body + "\r\n0\r\n\r\n";
    };
    std::string answer = co_await test.ask(ask_for("POST", "/form", "", "1234567890"), "0\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    answer = co_await test.ask(post("/form", "12345678901"), "");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
    test.client->stream.close();
    co_await test.client->served();
  }
}

NET_TEST(HttpSite, AContentEncodingIs415) {
  Fixture test(loop);
  std::string answer =
      co_await test.ask(ask_for("POST", "/form", "Content-Encoding: gzip\r\n", "x"), ".\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 415 "));
  EXPECT_THAT(answer, HasSubstr("Accept-Encoding: identity\r\n"));
  answer =
      co_await test.ask(ask_for("POST", "/form", "Content-Encoding: Identity\r\n", "x"), "x\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  co_await test.leave();
}

NET_TEST(HttpSite, PathsAreDecodedWhereThatChangesNothing) {
  Fixture test(loop);
  std::string answer = co_await test.ask(ask_for("GET", "/%68ell%6f?%68"), "Hello\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  for (const char* other : {"/%2Fhello", "/hello%2F", "/hell%6", "/hell%zz", "/h%65"}) {
    answer = co_await test.ask(ask_for("GET", other), ".\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 ")) << other;
  }
  co_await test.leave();
}

NET_TEST(HttpSite, Cors) {
  Fixture test(loop, {.origins = {"http://a.example"}});
  const std::string fields = "Origin: http://a.example\r\nAccess-Control-Request-Method: POST\r\n";
  std::string answer = co_await test.ask(ask_for("OPTIONS", "/form", fields), "\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Access-Control-Allow-Origin: http://a.example\r\n"));
  EXPECT_THAT(answer, HasSubstr("Access-Control-Allow-Methods: POST, OPTIONS\r\n"));
  answer = co_await test.ask(ask_for("GET", "/private", fields), "needed.\n");
  EXPECT_THAT(answer, HasSubstr("Access-Control-Allow-Origin: http://a.example\r\n"));
  answer = co_await test.ask(ask_for("GET", "/hello", "Origin: http://b.example\r\n"), "Hello\n");
  EXPECT_THAT(answer, HasSubstr("Vary: Origin\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Access-Control")));
  co_await test.leave();
}

NET_TEST(HttpSite, OnLoopbackAForeignHostIsNotServed) {
  Fixture test(loop, {.hosts = {"b.example"}});
  for (const char* host : {"a", "evil.example:8000"}) {
    const std::string fields = std::string(" HTTP/1.1\r\nHost: ") + host + "\r\n\r\n";
    std::string answer = co_await test.ask("GET /hello" + fields, ".\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 "));
    answer = co_await test.ask("GET /livez" + fields, "ok\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  }
  for (const char* host : {"localhost:8000", "127.0.0.1", "[::1]:80", "B.example:8000"}) {
    const std::string answer = co_await test.ask(
        std::string("GET /hello HTTP/1.1\r\nHost: ") + host + "\r\n\r\n", "Hello\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  }
  std::string answer =
      co_await test.ask("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", ".\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 "));
  answer = co_await test.ask(
      "GET http://localhost:8000/hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", "Hello\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  co_await test.leave();
}

// Even if it is refused.
NET_TEST(HttpSite, AHeadHasNoBody) {
  for (const char* request :
       {"HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "HEAD /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n",
        "\r\n\r\nHEAD /a b HTTP/1.1\r\n\r\n", "HEAD / HTTP/9.9\r\n\r\n"}) {
    Fixture test(loop);
    co_await test.client->send(request);
    co_await test.client->half_close();
    const std::string answer = co_await test.client->receive_rest();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 "));
    EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n")) << request;
    EXPECT_THAT(answer, HasSubstr("Content-Length: ")) << request;
    co_await test.client->served();
  }
}

}  // namespace
}  // namespace net::http
