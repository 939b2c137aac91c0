#include "tools/netcat/proxy/environment.h"

#include "common/http/message.h"
#include "common/net/address.h"
#include "tools/netcat/access.h"

namespace netcat {

static bool is_in_prefix(const net::SockAddr& address, std::string_view item) {
  std::string host;
  int bits = -1;
  if (!split_prefix(item, host, bits)) return false;
  const auto prefix = net::SockAddr::numeric(net::without_brackets(host), 0);
  return prefix && has_prefix(address, *prefix, bits == 0 ? -1 : bits);  // like curl, ignores /0
}

// Both example.com and .example.com match the domain and everything below it.
static bool is_in_domain(std::string_view host, std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (host.ends_with('.')) host.remove_suffix(1);
  if (domain.empty() || host.size() < domain.size()) return false;
  const std::size_t at = host.size() - domain.size();
  if (at > 0 && host[at - 1] != '.') return false;
  return net::http::equal_ignoring_case(host.substr(at), domain);
}

bool is_listed(std::string_view list, std::string_view host) {
  if (list == "*") return true;
  const auto address = net::SockAddr::numeric(host, 0);
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find_first_of(", \t"));
    const bool found = address ? is_in_prefix(*address, item) : is_in_domain(host, item);
    if (found) return true;
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return false;
}

std::string proxy_of_environment(const Variables& variables, std::string_view host) {
  const auto either = [&variables](const char* lower, const char* upper) {
    const std::string value = variables(lower);
    return value.empty() ? variables(upper) : value;
  };
  if (is_listed(either("no_proxy", "NO_PROXY"), host)) return "";
  return either("all_proxy", "ALL_PROXY");
}

}  // namespace netcat
