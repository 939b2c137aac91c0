#include "tools/counterd/stores/redis/url.h"

#include <optional>

#include "common/http/query.h"
#include "common/net/address.h"

namespace counterd {

std::string RedisAddress::to_string() const {
  if (is_path()) return "unix:" + host;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

static bool parse_credentials(std::string_view text, RedisUrl& url) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  auto user = net::http::percent_decoded(text.substr(0, colon));
  auto password = net::http::percent_decoded(text.substr(colon + 1));
  if (!user || !password || (user->empty() && password->empty())) return false;
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

static bool parse_seeds(std::string_view text, std::vector<RedisAddress>& seeds) {
  constexpr std::size_t kSeedsMax = 16;
  seeds.clear();
  for (bool more = true; more;) {
    const std::string_view one = text.substr(0, text.find(','));
    more = one.size() < text.size();
    text.remove_prefix(one.size() + (more ? 1 : 0));
    if (seeds.size() == kSeedsMax || !parse_address(one, seeds.emplace_back())) return false;
  }
  return true;
}

static bool parse_database(std::string_view text, RedisUrl& url) {
  std::uint64_t number = 0;
  if (!text.empty() && !net::parse_number(text, 0, INT32_MAX, number)) return false;
  url.database = static_cast<std::uint32_t>(number);
  return true;
}

static bool parse_parameters(std::string_view text, RedisUrl& url) {
  const auto query = net::http::Query::parse(text);
  if (!query) return false;
  for (const auto& [key, value] : query->pairs()) {
    if (key == "prefix" && !value.empty())
      url.prefix = value;
    else if (key != "db" || !parse_database(value, url))
      return false;
  }
  return true;
}

static bool parse_rest(std::string_view text, bool is_path, RedisUrl& url) {
  const std::size_t mark = text.find('?');
  if (mark != std::string_view::npos && !parse_parameters(text.substr(mark + 1), url)) return false;
  text = text.substr(0, mark);
  if (is_path) {
    url.seeds = {{std::string(text), 0}};
    return !text.empty();
  }
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (slash + 1 < text.size() && !parse_database(text.substr(slash + 1), url)) return false;
    text = text.substr(0, slash);
  }
  return parse_seeds(text, url.seeds);
}

bool RedisUrl::parse(std::string_view text, RedisUrl& url, std::string& why) {
  constexpr std::string_view kScheme = "redis://", kUnix = "redis+unix:";
  why = text.starts_with(kUnix) ? "the form is redis+unix:PATH[?db=N&prefix=P]"
                                : "the form is redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]";
  const bool is_path = text.starts_with(kUnix);
  if (!is_path && !text.starts_with(kScheme)) return false;
  text.remove_prefix(is_path ? kUnix.size() : kScheme.size());
  const std::size_t at = is_path ? text.npos : text.rfind('@');
  if (at != std::string_view::npos) {
    if (!parse_credentials(text.substr(0, at), url)) return false;
    text.remove_prefix(at + 1);
  }
  if (!parse_rest(text, is_path, url)) return false;
  why.clear();
  return true;
}

}  // namespace counterd
