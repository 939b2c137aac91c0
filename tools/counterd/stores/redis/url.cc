#include "tools/counterd/stores/redis/url.h"

#include <optional>

#include "common/http/query.h"
#include "common/net/address.h"

namespace counterd {

std::string RedisAddress::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

static bool parse_credentials(std::string_view text, RedisUrl& url) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  auto user = net::http::percent_decoded(text.substr(0, colon));
  auto password = net::http::percent_decoded(text.substr(colon + 1));
  if (!user || !password || password->empty()) return false;
  url.user = std::move(*user);
  url.password = std::move(*password);
  return true;
}

static bool parse_address(std::string_view text, RedisAddress& address) {
  std::string port;
  if (!net::split_host_port(text, address.host, port)) {
    address.host = net::without_brackets(text);
    const bool bare_v6 = text.find(':') != std::string_view::npos && address.host == text;
    return !text.empty() && !bare_v6;
  }
  std::uint64_t number = 0;
  if (address.host.empty() || !net::parse_number(port, 1, UINT16_MAX, number)) return false;
  address.host = net::without_brackets(address.host);
  address.port = static_cast<std::uint16_t>(number);
  return true;
}

bool RedisUrl::parse(std::string_view text, RedisUrl& url, std::string& why) {
  constexpr std::string_view kScheme = "redis://";
  why = "the form is redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]";
  if (!text.starts_with(kScheme)) return false;
  text.remove_prefix(kScheme.size());
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!parse_credentials(text.substr(0, at), url)) return false;
    text.remove_prefix(at + 1);
  }
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view database = text.substr(slash + 1);
    std::uint64_t number = 0;
    if (!database.empty() && !net::parse_number(database, 0, INT32_MAX, number)) return false;
    url.database = static_cast<std::uint32_t>(number);
    text = text.substr(0, slash);
  }
  if (!parse_address(text, url.address)) return false;
  why.clear();
  return true;
}

}  // namespace counterd
