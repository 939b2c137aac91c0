#include "tools/netcat/ports.h"

#include <algorithm>

#include "common/net/address.h"

namespace netcat {

using Ports = std::vector<std::uint16_t>;

// A '-' may also be part of a service's name.
static bool add_range(const std::string& text, Ports& ports, const char* protocol) {
  const auto one = net::parse_port(text, protocol);
  if (one && *one != 0) ports.push_back(*one);
  if (one) return *one != 0;
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return false;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const std::string_view whole(text);
  if (!net::parse_number(whole.substr(0, dash), 1, 65535, first)) return false;
  if (!net::parse_number(whole.substr(dash + 1), 1, 65535, last)) return false;
  if (first > last) std::swap(first, last);
  for (; first <= last; ++first) ports.push_back(static_cast<std::uint16_t>(first));
  return true;
}

bool add_ports(const std::string& text, Ports& ports, const char* protocol) {
  Ports added;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    if (!add_range(text.substr(start, end - start), added, protocol)) return false;
    start = end + 1;
  }
  ports.insert(ports.end(), added.begin(), added.end());
  return true;
}

void sort_ports(Ports& ports) {
  std::ranges::sort(ports);
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
}

}  // namespace netcat
