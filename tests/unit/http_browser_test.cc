// Which Host is ours, and what a page of another origin may do.
#include "common/http/browser.h"

#include <gtest/gtest.h>

namespace net::http {
namespace {

TEST(Browser, Hosts) {
  BrowserOptions options;
  EXPECT_EQ(parse_allowed_host("Counters.example", options), "");
  EXPECT_EQ(parse_allowed_host("absolute.example.", options), "");
  for (const char* ours :
       {"", "localhost", "LOCALHOST:8000", "a.localhost", "127.0.0.1", "127.0.0.1:8000",
        "192.168.0.7", "[::1]", "[::1]:8000", "localhost.", "counters.example:8000",
        "COUNTERS.EXAMPLE", "counters.example.", "absolute.example", "absolute.example."})
    EXPECT_TRUE(is_our_host(ours, options)) << ours;
  for (const char* foreign :
       {"evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example",
        "notlocalhost", "a.counters.example", "1.2.3.4x", "example"})
    EXPECT_FALSE(is_our_host(foreign, options)) << foreign;
  EXPECT_EQ(parse_allowed_host("*", options), "");
  EXPECT_TRUE(is_our_host("evil.example", options));
}

TEST(Browser, AnyHostIsServedUntilSomeAreNamed) {
  BrowserOptions options{.any_host = true};
  EXPECT_TRUE(is_our_host("a.example", options));
  options.hosts = {"b.example"};
  EXPECT_FALSE(is_our_host("a.example", options));
  EXPECT_TRUE(is_our_host("b.example", options));
}

TEST(Browser, WrongNames) {
  BrowserOptions options;
  for (const char* wrong :
       {"", "a.example:80", "a b", "http://a.example", "a/b", "[::1", "*.example"})
    EXPECT_NE(parse_allowed_host(wrong, options), "") << wrong;
  for (const char* wrong : {"", "a.example", "http://", "http://a.example/", "://a",
                            "http://a.example/x", "http://a b", "https://*.example"})
    EXPECT_NE(parse_allowed_origin(wrong, options), "") << wrong;
  for (const char* right : {"*", "null", "http://a.example", "https://a.example:8443",
                            "http://[::1]:3000", "chrome-extension://abc"})
    EXPECT_EQ(parse_allowed_origin(right, options), "") << right;
}

std::string cors(std::string_view origin, const BrowserOptions& options) {
  const Field fields[] = {{"Origin", origin}};
  Request request;
  request.fields = fields;
  std::string head;
  append_cors(head, request, options);
  return head;
}

TEST(Browser, Cors) {
  const BrowserOptions one{.origins = {"http://a.example"}};
  EXPECT_EQ(cors("http://a.example", one),
            "Vary: Origin\r\nAccess-Control-Allow-Origin: http://a.example\r\n");
  EXPECT_EQ(cors("http://b.example", one), "Vary: Origin\r\n");
  EXPECT_EQ(cors("http://a.example:80", one), "Vary: Origin\r\n");
  EXPECT_EQ(cors("http://b.example", {.origins = {"*"}}), "Access-Control-Allow-Origin: *\r\n");
}

// Browsers leave out a port that is the default.
TEST(Browser, DefaultPortOfAnOrigin) {
  BrowserOptions options;
  for (const char* origin :
       {"http://a.example:80", "HTTPS://b.example:443", "https://c.example:80", "http://[::1]:80"})
    EXPECT_EQ(parse_allowed_origin(origin, options), "") << origin;
  for (const char* allowed :
       {"http://a.example", "https://b.example", "https://c.example:80", "http://[::1]"})
    EXPECT_TRUE(is_allowed_origin(allowed, options)) << allowed;
  EXPECT_FALSE(is_allowed_origin("https://c.example", options));
}

TEST(Browser, Preflight) {
  const Field fields[] = {{"Origin", "http://a.example"},
                          {"Access-Control-Request-Method", "POST"},
                          {"Access-Control-Request-Headers", "authorization,content-type"}};
  Request request;
  request.method = "OPTIONS";
  request.fields = fields;
  EXPECT_TRUE(is_preflight(request));
  std::string lines;
  append_preflight(lines, request, "GET, POST");
  EXPECT_EQ(lines,
            "Access-Control-Allow-Methods: GET, POST\r\n"
            "Access-Control-Allow-Headers: authorization,content-type\r\n"
            "Access-Control-Max-Age: 600\r\n");
  request.method = "GET";
  EXPECT_FALSE(is_preflight(request));
  request.method = "OPTIONS";
  request.fields = std::span(fields).first(1);
  EXPECT_FALSE(is_preflight(request));
}

TEST(Browser, CrossSite) {
  const auto cross_site = [](std::string_view site, std::string_view origin,
                             const BrowserOptions& options) {
    const Field fields[] = {{"Sec-Fetch-Site", site}, {"Origin", origin}};
    Request request;
    request.fields = fields;
    return is_cross_site(request, options);
  };
  const BrowserOptions none, one{.origins = {"http://a.example"}};
  EXPECT_TRUE(cross_site("cross-site", "http://a.example", none));
  EXPECT_TRUE(cross_site("cross-site", "", one));
  EXPECT_TRUE(cross_site("cross-site", "http://b.example", one));
  EXPECT_FALSE(cross_site("cross-site", "http://a.example", one));
  for (const char* other : {"same-site", "same-origin", "none", ""})
    EXPECT_FALSE(cross_site(other, "", none)) << other;
}

}  // namespace
}  // namespace net::http
