// socket_options.h - netcat's -I, -M, -m, -O, -T and --keepalive, and what closing means, on the
// sockets that it makes.
#pragma once

#include <optional>
#include <string_view>

namespace netcat {

struct SocketOptions {
  std::optional<int> receive_buffer;  // bytes
  std::optional<int> send_buffer;
  std::optional<int> ttl;          // of sent packets; IPv6: hop limit
  std::optional<int> min_ttl;      // of accepted packets
  std::optional<int> tos;          // the whole octet; IPv6: traffic class
  std::optional<int> keepalive{};  // seconds without data before the first probe
  // Resets the connection if this process dies before a relay takes over (see
  // Channel::reset_on_close).
  bool resets_on_close = false;

  static constexpr int kKeepaliveMax = 32767;  // Linux's

  // Sets the options on a socket before it connects or listens.  The values must be in range;
  // options that the kind of socket does not have are ignored.
  void apply(int fd, int family) const;
};

// Parses an octet: a number, 0x and hexadecimal digits, or a name: af11 ... af43, cs0 ... cs7, ef,
// critical, inetcontrol, lowcost, lowdelay, netcontrol, reliability, throughput, va.
std::optional<int> parse_tos(std::string_view text);

}  // namespace netcat
