#include "tools/netcat/options/operands.h"

#include <algorithm>

#include "common/net/address.h"
#include "common/net/systemd.h"
#include "tools/netcat/datagram/multicast.h"
#include "tools/netcat/ports.h"

namespace netcat {

using net::Cli;

using Operands = std::vector<std::string>;

constexpr char kDigits[] = "0123456789";

// Suggests how to write the port, because ::1:1310 is itself an address.
static std::string how_to_write_port(const std::string& host) {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string::npos) return "";
  const std::string address = host.substr(0, colon);
  const std::string port = host.substr(colon + 1);
  const bool has_port = net::parse_port(port) && net::SockAddr::numeric(address, 0);
  if (!has_port || net::without_brackets(host) != host) return "";
  return " (write [" + address + "]:" + port + " or " + address + " " + port + ")";
}

[[noreturn]] static void fail_without_port(const std::string& host) {
  Cli::fail("a port is missing after " + host + how_to_write_port(host));
}

static void check_host(const std::string& host) {
  if (host.empty()) Cli::fail("the host is empty");
}

// Takes HOST PORT... or HOST:PORT, where each PORT may be a range or list.
static void take_ports(const Operands& operands, Options& o) {
  Operands ports(operands.begin() + 1, operands.end());
  std::string port;
  if (ports.empty() && net::split_host_port(operands[0], o.host, port))
    ports = {port};
  else
    o.host = net::without_brackets(operands[0]);
  check_host(o.host);
  if (ports.empty()) fail_without_port(operands[0]);
  for (const std::string& text : ports)
    if (!add_ports(text, o.ports, o.udp ? "udp" : "tcp"))
      Cli::fail("invalid port or port range '" + text + "'");
  sort_ports(o.ports);
  o.port = o.ports.front();
}

static void take_path(const Operands& operands, Options& o) {
  if (operands.empty() || operands[0].empty()) Cli::fail("a path is missing (see --help)");
  if (operands.size() > 1) Cli::fail("too many operands: " + operands.back() + " (see --help)");
  o.path = operands[0];
}

// Whether a single operand that is not HOST:PORT is a port.
static bool is_port(const std::string& only, const Options& o) {
  const bool digits = only.find_first_not_of(kDigits) == std::string::npos;
  return o.listen && !only.ends_with(']') && (digits || !o.source_port_given);
}

// Leaves `port` empty if there is none.
static void take_host_and_port(const Operands& operands, Options& o, std::string& port) {
  if (operands.size() > 2) Cli::fail("too many operands: " + operands.back() + " (see --help)");
  if (operands.size() == 2) {
    o.host = net::without_brackets(operands[0]);
    port = operands[1];
    check_host(o.host);
  } else if (operands.size() == 1 && !net::split_host_port(operands[0], o.host, port)) {
    (is_port(operands[0], o) ? port : o.host) = net::without_brackets(operands[0]);
  }
}

static std::uint16_t number_of(const std::string& port, const Options& o) {
  const auto number = net::parse_port(port, o.udp ? "udp" : "tcp");
  if (!number || (*number == 0 && !o.listen)) Cli::fail("invalid port '" + port + "'");
  return *number;
}

// Whether the operand is a multicast group; -s then selects the network interface.
static bool joins_group(const Options& o) {
  const auto group = net::SockAddr::numeric(o.host.substr(0, o.host.find('%')), 0);
  return o.udp && group && is_multicast(*group);
}

// Takes the sockets of fd:N or, without an operand, those of a service manager.
static bool take_inherited(const Cli& cli, const Operands& operands, Options& o) {
  constexpr std::string_view kPrefix = "fd:";
  if (operands.empty() && !o.source_port_given) o.inherited = net::systemd::take_sockets();
  const std::string only = operands.size() == 1 ? operands[0] : "";
  if (only.starts_with(kPrefix)) {
    std::uint64_t number = 0;
    if (!net::parse_number(only.substr(kPrefix.size()), 3, INT32_MAX, number))
      Cli::fail("invalid descriptor '" + only + "' (fd:3 or higher)");
    o.inherited = {static_cast<int>(number)};
  }
  if (o.inherited.empty()) return false;
  const std::string what = only.empty() ? "an inherited socket" : only;
  for (const char* option : {"udp", "ipv4", "ipv6", "source", "source-port"})
    if (cli.is_given(option))
      Cli::fail(cli.typed(option) + " does not work with " + what +
                ": it is already a listening socket");
  return true;
}

static void take_place_to_listen(const Cli& cli, const Operands& operands, Options& o) {
  if (take_inherited(cli, operands, o)) return;
  std::string port;
  take_host_and_port(operands, o, port);
  if (o.source_port_given && !port.empty())
    Cli::fail(cli.typed("source-port") + " does not work with the operand " + port +
              ": only one port");
  if (!o.source.empty() && !o.host.empty() && !joins_group(o))
    Cli::fail(cli.typed("source") + " does not work with the operand " + o.host +
              ": only one address");
  if (o.host.empty()) o.host = net::without_brackets(o.source);
  if (port.empty() && !o.source_port_given) Cli::fail("a port is missing (see --help)");
  o.port = o.source_port_given ? o.source_port : number_of(port, o);
}

void take_operands(const Cli& cli, const Operands& operands, Options& o) {
  if (o.unix_domain) return take_path(operands, o);
  if (o.listen) return take_place_to_listen(cli, operands, o);
  if (operands.empty()) Cli::fail("a host and a port are missing (see --help)");
  if (o.scan) return take_ports(operands, o);
  std::string port;
  take_host_and_port(operands, o, port);
  check_host(o.host);
  if (port.empty()) fail_without_port(operands[0]);
  o.port = number_of(port, o);
}

}  // namespace netcat
