#include "tools/netcat/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "common/net/socket_option.h"

namespace netcat {

static void set(int fd, int level, int name, const std::optional<int>& value) {
  if (value) (void)net::set_option(fd, level, name, *value);  // the range was checked before
}

void SocketOptions::apply(int fd, int family) const {
  set(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  set(fd, SOL_SOCKET, SO_SNDBUF, send_buffer);
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (resets_on_close) (void)net::set_option(fd, SOL_SOCKET, SO_LINGER, at_once);
  if (keepalive && family != AF_UNIX) {
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::min(*keepalive, 10));
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  }
  if (family == AF_INET) {
    set(fd, IPPROTO_IP, IP_TTL, ttl);
    set(fd, IPPROTO_IP, IP_MINTTL, min_ttl);
    set(fd, IPPROTO_IP, IP_TOS, tos);
  } else if (family == AF_INET6) {
    constexpr int kMinHopCount = 73;  // IPV6_MINHOPCOUNT, which glibc's headers lack
    set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
    set(fd, IPPROTO_IPV6, kMinHopCount, min_ttl);
    set(fd, IPPROTO_IPV6, IPV6_TCLASS, tos);
  }
}

std::optional<int> parse_tos(std::string_view text) {
  // RFC 2597 and RFC 2474 (shifted by the two bits of ECN), RFC 1349 for the older names.
  constexpr std::array<std::pair<std::string_view, int>, 29> kNames{{
      {"af11", 0x28},       {"af12", 0x30},     {"af13", 0x38},       {"af21", 0x48},
      {"af22", 0x50},       {"af23", 0x58},     {"af31", 0x68},       {"af32", 0x70},
      {"af33", 0x78},       {"af41", 0x88},     {"af42", 0x90},       {"af43", 0x98},
      {"cs0", 0x00},        {"cs1", 0x20},      {"cs2", 0x40},        {"cs3", 0x60},
      {"cs4", 0x80},        {"cs5", 0xa0},      {"cs6", 0xc0},        {"cs7", 0xe0},
      {"ef", 0xb8},         {"va", 0xb0},       {"critical", 0xa0},   {"inetcontrol", 0xc0},
      {"lowcost", 0x02},    {"lowdelay", 0x10}, {"netcontrol", 0xe0}, {"reliability", 0x04},
      {"throughput", 0x08},
  }};
  for (const auto& [name, value] : kNames)
    if (name == text) return value;
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 0 && value <= 255 ? std::optional(value) : std::nullopt;
}

}  // namespace netcat
