#include "tools/netcat/access.h"

#include <netinet/in.h>

#include <algorithm>
#include <span>

namespace netcat {

using net::SockAddr;

static std::span<const unsigned char> bytes_of(const SockAddr& address) {
  if (address.family() == AF_INET6) {
    const auto* ip = reinterpret_cast<const sockaddr_in6*>(address.get());
    return {ip->sin6_addr.s6_addr, 16};
  }
  const auto* ip = reinterpret_cast<const sockaddr_in*>(address.get());
  return {reinterpret_cast<const unsigned char*>(&ip->sin_addr), 4};
}

bool split_prefix(std::string_view text, std::string& host, int& bits) {
  const std::size_t slash = text.rfind('/');
  host = net::without_brackets(text.substr(0, slash));
  bits = -1;
  if (host.empty()) return false;
  const auto address = SockAddr::numeric(host, 0);
  if (slash == text.npos) return true;
  std::uint64_t number = 0;
  const std::uint64_t most = address && address->family() == AF_INET ? 32 : 128;
  if (!net::parse_number(text.substr(slash + 1), 0, most, number)) return false;
  bits = static_cast<int>(number);
  return true;
}

bool has_prefix(const SockAddr& address, const SockAddr& prefix, int bits) {
  if (address.family() != prefix.family()) return false;
  const auto a = bytes_of(address);
  const auto b = bytes_of(prefix);
  const std::size_t all = 8 * a.size();
  const std::size_t n = bits < 0 ? all : std::min(all, static_cast<std::size_t>(bits));
  for (std::size_t i = 0; i < n; i += 8) {
    const std::size_t unused = n - i < 8 ? 8 - (n - i) : 0;
    if ((a[i / 8] ^ b[i / 8]) >> unused != 0) return false;
  }
  return true;
}

net::Task<Outcome> Access::load(net::Loop& loop, const Options& options, net::Deadline deadline) {
  for (std::vector<Rule>* rules : {&allowed_, &denied_}) {
    for (const std::string& text : rules == &allowed_ ? options.allow : options.deny) {
      std::string host;
      int bits = -1;
      (void)split_prefix(text, host, bits);  // checked when the command line was parsed
      const auto found = co_await net::lookup(loop, host, 0, AF_UNSPEC, options.numeric, deadline);
      if (!found) co_return not_found(host, found.error(), options.numeric);
      for (const SockAddr& address : *found) rules->push_back({address, bits});
    }
  }
  co_return Outcome{};
}

bool Access::matches(const std::vector<Rule>& rules, const SockAddr& peer) {
  return std::ranges::any_of(
      rules, [&peer](const Rule& rule) { return has_prefix(peer, rule.prefix, rule.bits); });
}

// A connection that has been reset may no longer have an address.
bool Access::admits(const SockAddr& peer) const {
  if (peer.size() == 0) return denied_.empty() && allowed_.empty();
  return !matches(denied_, peer) && (allowed_.empty() || matches(allowed_, peer));
}

}  // namespace netcat
