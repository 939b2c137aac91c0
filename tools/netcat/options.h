// options.h - netcat's command line, parsed and checked.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "common/net/timer.h"
#include "tools/netcat/program/program_options.h"
#include "tools/netcat/proxy/proxy_options.h"
#include "tools/netcat/socket_options.h"
#include "tools/netcat/tls/options.h"

namespace netcat {

struct Options {
  std::string host;  // empty with listen: every address
  std::uint16_t port = 0;
  std::string path;  // with unix_domain; '@': abstract
  bool unix_domain = false;
  bool udp = false;  // with unix_domain: Unix datagrams
  int family = AF_UNSPEC;
  bool numeric = false;
  std::string source;  // local address; with udp and unix_domain a path
  std::uint16_t source_port = 0;
  bool source_port_given = false;

  SocketOptions socket;
  ProxyOptions proxy;
  ProgramOptions program;

  bool listen = false;
  std::vector<int> inherited;  // with listen: descriptors of inherited listening sockets
  bool keep_open = false;
  bool broker = false;    // with keep_open: what one client sends goes to the others
  std::string port_file;  // path

  net::Millis timeout = net::kForever;  // for connecting or waiting for a client
  bool exit_when_sent = false;          // with udp: -w 0
  net::Millis idle = net::kForever;     // once connected; -w unless given
  bool idle_given = false;
  std::optional<net::Millis> quit_after;  // after the end of input; none: no limit
  bool quit_never = false;                // -q -1 was given; with udp the default is a limit
  bool shutdown = true;
  bool shutdown_asked = false;  // -N was given
  bool recv_only = false;
  bool send_only = false;
  bool half_open = false;  // keep sending after the peer has ended
  bool pass_fd = false;
  bool crlf = false;
  bool telnet = false;
  std::uint64_t packets = 0;  // exit after this many datagrams; 0: never
  bool broadcast = false;
  int verbose = 0;
  bool json = false;
  std::string output;    // path; '-': standard error
  std::string hex_dump;  // like `output`
  bool logs() const { return !output.empty() || !hex_dump.empty(); }
  bool append_output = false;
  bool progress = false;
  std::uint64_t rate = 0;  // bytes per second in each direction; 0: no limit

  std::uint64_t max_conns = 0;     // with keep_open; 0: as many as descriptors allow
  std::vector<std::string> allow;  // HOST[/BITS]
  std::vector<std::string> deny;

  bool scan = false;
  std::vector<std::uint16_t> ports;  // with scan: sorted, without duplicates
  bool random_ports = false;
  net::Millis interval{0};  // between lines sent, or ports scanned

  tls::Options tls;

  std::uint32_t retries = 0;  // after the first attempt to connect
  bool wait = false;          // retry until `timeout`
  net::Millis retry_interval{1'000};
  bool reconnect = false;  // connect again whenever the connection ends

  const char* idle_option() const { return idle_given ? "--idle-timeout" : "-w"; }
  // "127.0.0.1 port 80", or the path.
  std::string where() const { return where(port); }
  std::string where(std::uint16_t at) const {
    if (unix_domain) return path;
    return (host.empty() ? "" : host + " ") + "port " + std::to_string(at);
  }
};

// Parses and checks the command line.  A usage error ends the process.
Options parse_options(int argc, char** argv);

}  // namespace netcat
