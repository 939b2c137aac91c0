#include "tools/netcat/proxy/proxy.h"

#include <algorithm>
#include <cctype>

#include "common/http/query.h"
#include "common/net/address.h"

namespace netcat {

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Proxy::where() const { return host_and_port(host, port); }

const char* Proxy::protocol() const {
  switch (type) {
    case kSocks4:
      return "SOCKS4";
    case kSocks4a:
      return "SOCKS4a";
    case kSocks5:
      return "SOCKS5";
    default:
      return "HTTP";
  }
}

const char* Proxy::scheme() const {
  switch (type) {
    case kSocks4:
      return "socks4";
    case kSocks4a:
      return "socks4a";
    case kSocks5:
      return "socks5";
    case kHttp:
      return "http";
    default:
      return "https";
  }
}

std::optional<Proxy::Type> Proxy::type_of(std::string_view name) {
  const struct {
    std::string_view name;
    Type type;
  } types[] = {{"socks4", kSocks4}, {"4", kSocks4},   {"socks4a", kSocks4a}, {"4a", kSocks4a},
               {"socks5", kSocks5}, {"5", kSocks5},   {"socks5h", kSocks5},  {"http", kHttp},
               {"connect", kHttp},  {"https", kHttps}};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const auto& known : types)
    if (known.name == lower) return known.type;
  return std::nullopt;
}

std::uint16_t Proxy::default_port(Type type) {
  return type == kHttp ? 3128 : type == kHttps ? 443 : 1080;
}

static std::optional<std::string> decoded(std::string_view text) {
  auto plain = net::http::percent_decoded(text);
  if (plain && plain->find('\0') != std::string::npos) return std::nullopt;
  return plain;
}

static bool parse_user(std::string_view text, Proxy& proxy) {
  const std::size_t colon = text.find(':');
  proxy.user = decoded(text.substr(0, colon));
  if (!proxy.user || proxy.user->empty()) return false;
  if (colon == std::string_view::npos) return true;
  proxy.password = decoded(text.substr(colon + 1));
  return proxy.password.has_value();
}

static bool parse_host(std::string_view text, Proxy& proxy) {
  std::string port;
  if (!net::split_host_port(text, proxy.host, port)) {
    const bool bare_v6 = text.find(':') != std::string_view::npos && !text.starts_with('[');
    proxy.host = bare_v6 ? "" : net::without_brackets(text);
  } else if (const auto number = net::parse_port(port); number && *number != 0) {
    proxy.port = *number;
    proxy.host = net::without_brackets(proxy.host);
  } else {
    return false;
  }
  return !proxy.host.empty() && proxy.host.size() <= 255;
}

bool Proxy::parse(std::string_view text, Type untyped, Proxy& proxy, std::string& why) {
  proxy = Proxy();
  proxy.type = untyped;
  why = "invalid proxy (try socks5://HOST:PORT or http://HOST:PORT)";
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    const auto type = type_of(text.substr(0, end));
    if (!type) why = "unknown proxy type '" + std::string(text.substr(0, end)) + "'";
    if (!type) return false;
    proxy.type = *type;
    text.remove_prefix(end + 3);
  }
  text = text.substr(0, text.find('/'));  // as curl: no path
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!parse_user(text.substr(0, at), proxy)) return false;
    text.remove_prefix(at + 1);
  }
  if (!parse_host(text, proxy)) return false;
  why.clear();
  return true;
}

}  // namespace netcat
