#include "tools/netcat/proxy/proxy_options.h"

#include <algorithm>
#include <cstdlib>

#include "common/net/address.h"
#include "tools/netcat/proxy/dialogue.h"
#include "tools/netcat/proxy/environment.h"
#include "tools/netcat/proxy/password.h"

namespace netcat {

using net::Cli;

constexpr std::uint16_t kCurlHttpPort = 1080;

void ProxyOptions::add_to(Cli& cli) {
  cli.option("x,proxy", "URL",
             "connect through [TYPE://][USER@]HOST[:PORT], or env; repeat for a chain",
             net::each(urls_));
  cli.option("X,proxy-type", "TYPE", "type of a proxy given without one: 4, 4a, 5 or connect (5)",
             [this](std::string_view text) -> std::string {
               untyped_ = Proxy::type_of(text);
               return untyped_ ? "" : "unknown proxy type '" + std::string(text) + "'";
             });
  cli.secret("P,proxy-user", "USER[:PASSWORD]", "authenticate to the proxy",
             [this](std::string_view text) -> std::string {
               const std::size_t colon = text.find(':');
               user_ = text.substr(0, colon);
               password_.reset();
               if (colon != std::string_view::npos) password_ = text.substr(colon + 1);
               return user_->empty() ? "the user name is empty" : "";
             });
  cli.option("proxy-password-file", "FILE", "read the password from the first line of FILE",
             net::text(password_file_));
  cli.option("proxy-dns", "WHERE", "where to resolve the destination: local or remote (remote)",
             [this](std::string_view text) -> std::string {
               local_names = text == "local";
               if (local_names || text == "remote") return "";
               return "must be local or remote";
             });
}

static std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void ProxyOptions::add_credentials(Proxy& proxy) const {
  if (!proxy.user && user_) {
    proxy.user = user_;
    proxy.password = password_;
  }
  if (!proxy.user || proxy.password || !proxy.takes_password()) return;
  std::string why;
  proxy.password = find_password(password_file_, *proxy.user, proxy.where(), why);
  if (!proxy.password) Cli::fail(why);
}

void ProxyOptions::add_proxy(const std::string& option, const std::string& url, Proxy::Type untyped,
                             bool is_from_environment) {
  Proxy proxy;
  std::string why;
  if (!Proxy::parse(url, untyped, proxy, why)) Cli::fail(option + ": " + why);
  if (proxy.password && !is_from_environment)
    Cli::fail(option +
              ": a password here is visible to every user (use NETCAT_PROXY_PASSWORD or "
              "--proxy-password-file)");
#ifndef WIREUTILS_TLS
  if (proxy.type == Proxy::kHttps)
    Cli::fail(option + ": an https proxy requires OpenSSL, which this netcat was built without");
#endif
  if (proxy.port == 0)
    proxy.port = is_from_environment && proxy.type == Proxy::kHttp
                     ? kCurlHttpPort
                     : Proxy::default_port(proxy.type);
  add_credentials(proxy);
  chain.push_back(std::move(proxy));
}

void ProxyOptions::check(const std::string& host) const {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool last = i + 1 == chain.size();
    const std::string& next = last ? host : chain[i + 1].host;
    if (chain[i].type == Proxy::kSocks4 && !last && !net::SockAddr::numeric(next, 0))
      Cli::fail("--proxy: a SOCKS4 proxy needs the address of the next one (or use socks4a)");
    const std::string wrong = unsayable(chain[i], {next, 0});
    if (!wrong.empty()) Cli::fail(wrong);
  }
}

void ProxyOptions::resolve(const std::string& host) {
  for (const std::string& url : urls_) {
    const bool from_environment = url == "env";
    if (from_environment && urls_.size() > 1) Cli::fail("--proxy env must be the only --proxy");
    if (!from_environment) {
      add_proxy("--proxy", url, untyped_.value_or(Proxy::kSocks5), false);
      continue;
    }
    const std::string found = proxy_of_environment(variable, host);
    if (!found.empty()) add_proxy("--proxy env", found, untyped_.value_or(Proxy::kHttp), true);
  }
  check(host);
}

bool ProxyOptions::uses_tls() const {
  return std::ranges::any_of(chain, [](const Proxy& p) { return p.type == Proxy::kHttps; });
}

std::string ProxyOptions::names() const {
  std::string names;
  for (const Proxy& proxy : chain) names += (names.empty() ? "" : ", ") + proxy.where();
  return names;
}

}  // namespace netcat
