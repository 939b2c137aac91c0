// Which proxy netcat uses: -x, and the environment by curl's rules.
#include "tools/netcat/proxy/proxy.h"

#include <gtest/gtest.h>

#include <map>

#include "tools/netcat/proxy/environment.h"

namespace netcat {
namespace {

TEST(NetcatProxy, IsNamedByAUrl) {
  const struct {
    const char* text;
    Proxy::Type type;
    const char* where;
    const char* user;
    const char* password;
  } rows[] = {
      {"p", Proxy::kSocks5, "p:0", "-", "-"},
      {"p:1", Proxy::kSocks5, "p:1", "-", "-"},
      {"127.0.0.1:1080", Proxy::kSocks5, "127.0.0.1:1080", "-", "-"},
      {"[::1]:1080", Proxy::kSocks5, "[::1]:1080", "-", "-"},
      {"[::1]", Proxy::kSocks5, "[::1]:0", "-", "-"},
      {"socks4://p", Proxy::kSocks4, "p:0", "-", "-"},
      {"socks4a://p", Proxy::kSocks4a, "p:0", "-", "-"},
      {"socks5://p:9", Proxy::kSocks5, "p:9", "-", "-"},
      {"SOCKS5H://p", Proxy::kSocks5, "p:0", "-", "-"},
      {"http://p/", Proxy::kHttp, "p:0", "-", "-"},
      {"http://p:1/path", Proxy::kHttp, "p:1", "-", "-"},
      {"http://p:1/a@b", Proxy::kHttp, "p:1", "-", "-"},
      {"connect://p:8080", Proxy::kHttp, "p:8080", "-", "-"},
      {"https://p", Proxy::kHttps, "p:0", "-", "-"},
      {"http://p:http", Proxy::kHttp, "p:80", "-", "-"},
      {"http://me@p", Proxy::kHttp, "p:0", "me", "-"},
      {"http://m%40e@p", Proxy::kHttp, "p:0", "m@e", "-"},
      {"http://me@corp@p:1", Proxy::kHttp, "p:1", "me@corp", "-"},
      {"http://me:a%3Ab@[::1]:1", Proxy::kHttp, "[::1]:1", "me", "a:b"},
      {"http://me:@p", Proxy::kHttp, "p:0", "me", ""},
      {"me@p:1", Proxy::kSocks5, "p:1", "me", "-"},
  };
  for (const auto& row : rows) {
    Proxy proxy;
    std::string why;
    EXPECT_TRUE(Proxy::parse(row.text, Proxy::kSocks5, proxy, why)) << row.text << ": " << why;
    EXPECT_EQ(proxy.type, row.type) << row.text;
    EXPECT_EQ(proxy.where(), row.where);
    EXPECT_EQ(proxy.user.value_or("-"), row.user);
    EXPECT_EQ(proxy.password.value_or("-"), row.password);
  }
}

TEST(NetcatProxy, RefusesOtherTexts) {
  for (const char* text :
       {"", "://p", "ftp://p", "socks://p", "socks5://", "p:", "p:0", "p:65536", "p:x:1", "::1",
        "::1:1080", ":1080", "http://@p", "http://:secret@p", "http://me%@p", "http://me%00@p",
        "http://me:secret%zz@p", "me:secret@"}) {
    Proxy proxy;
    std::string why;
    EXPECT_FALSE(Proxy::parse(text, Proxy::kSocks5, proxy, why)) << text;
    EXPECT_NE(why, "") << text;
    EXPECT_EQ(why.find("secret"), why.npos) << why;
  }
}

TEST(NetcatProxy, NoProxyAsCurlReadsIt) {
  const struct {
    const char* list;
    const char* host;
    bool listed;
  } rows[] = {
      {"", "example.com", false},
      {"*", "example.com", true},
      {"*", "10.0.0.1", true},
      {"*,other", "example.com", false},
      {"example.com", "example.com", true},
      {"example.com", "EXAMPLE.com", true},
      {"example.com", "www.example.com", true},
      {"example.com", "badexample.com", false},
      {".example.com", "www.example.com", true},
      {".example.com", "example.com", true},
      {"example.com.", "example.com", true},
      {"example.com", "example.com.", true},
      {"other, example.com", "example.com", true},
      {"other example.com", "example.com", true},
      {"other,,example.com", "example.com", true},
      {"www.example.com", "example.com", false},
      {"localhost", "localhost", true},
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "127.0.0.10", false},
      {"192.168.0.0/16", "192.168.3.4", true},
      {"192.168.0.0/16", "192.169.3.4", false},
      {"192.168.0.0/33", "192.168.0.0", false},
      {"10.0.0.1/0", "10.0.0.1", true},
      {"10.0.0.1/0", "10.0.0.2", false},
      {"0.0.0.1", "x0.0.0.1", false},
      {"1.2.3.4", "www.1.2.3.4", true},
      {"::1", "::1", true},
      {"[::1]", "::1", true},
      {"2001:db8::/32", "2001:db8::7", true},
      {"2001:db8::/32", "2001:db9::7", false},
      {"2001:db8::/32", "10.0.0.1", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(is_listed(row.list, row.host), row.listed) << row.list << " and " << row.host;
}

TEST(NetcatProxy, EnvironmentPrefersLowerCase) {
  const struct {
    std::map<std::string, std::string> variables;
    const char* proxy;
  } rows[] = {
      {{}, ""},
      {{{"all_proxy", "a:1"}}, "a:1"},
      {{{"ALL_PROXY", "b:1"}}, "b:1"},
      {{{"all_proxy", "a:1"}, {"ALL_PROXY", "b:1"}}, "a:1"},
      {{{"all_proxy", ""}, {"ALL_PROXY", "b:1"}}, "b:1"},
      {{{"http_proxy", "c:1"}, {"https_proxy", "c:1"}}, ""},
      {{{"all_proxy", "a:1"}, {"no_proxy", "db.test"}}, ""},
      {{{"all_proxy", "a:1"}, {"NO_PROXY", "test"}}, ""},
      {{{"all_proxy", "a:1"}, {"no_proxy", "x"}, {"NO_PROXY", "*"}}, "a:1"},
  };
  for (const auto& row : rows) {
    const Variables variables = [&row](const char* name) {
      const auto found = row.variables.find(name);
      return found == row.variables.end() ? "" : found->second;
    };
    EXPECT_EQ(proxy_of_environment(variables, "db.test"), row.proxy);
  }
}

}  // namespace
}  // namespace netcat
