#include "tools/netcat/options/contradictions.h"

#include <string>

namespace netcat {

using net::Cli;

namespace {

struct Pair {
  const char* one;  // long names
  const char* other;
  const char* why;
};

struct Requirement {
  const char* option;
  const char* needed;
  const char* or_else = nullptr;
  const char* or_third = nullptr;
};

}  // namespace

constexpr Pair kContradictions[] = {
    {"ipv4", "ipv6", "only one address family"},
    {"shutdown", "no-shutdown", "half-close or not"},
    {"recv-only", "send-only", "no data would be transferred"},
    {"recv-only", "half-open", "standard input is not read"},
    {"udp", "half-open", "datagrams have no end"},
    {"udp", "no-shutdown", "datagrams have no half-close"},
    {"udp", "telnet", "telnet requires a stream"},
    {"udp", "max-conns", "UDP has no connections"},
    {"keepalive", "udp", "UDP has no connections"},
    {"keepalive", "unix", "the peer is on this host"},
    {"keepalive", "scan", "a scan moves no data"},
    {"udp", "wait", "UDP has no connections"},
    {"udp", "retry", "UDP has no connections"},
    {"packets", "send-only", "received datagrams are discarded"},
    {"broker", "udp", "UDP has no connections"},
    {"broker", "send-only", "a broker reads from every client"},
    {"broker", "exec", "a program is for one client"},
    {"broker", "sh-exec", "a program is for one client"},
    {"scan", "listen", "a scan only connects"},
    {"scan", "half-open", "a scan sends nothing"},
    {"scan", "send-only", "a scan sends nothing"},
    {"scan", "crlf", "a scan sends nothing"},
    {"scan", "telnet", "a scan sends nothing"},
    {"scan", "broadcast", "a scan probes one host"},
    {"scan", "packets", "a scan receives no data"},
    {"scan", "output", "a scan moves no data"},
    {"scan", "hex-dump", "a scan moves no data"},
    {"scan", "progress", "a scan moves no data"},
    {"scan", "rate", "a scan moves no data"},
    {"unix", "ipv4", "a path has no address family"},
    {"unix", "ipv6", "a path has no address family"},
    {"unix", "source-port", "a path has no port"},
    {"unix", "random-ports", "a path has no port"},
    {"unix", "allow", "clients have no address"},
    {"unix", "deny", "clients have no address"},
    {"unix", "broadcast", "a path is one receiver"},
    {"wait", "retry", "use one of them"},
    {"wait", "listen", "a server does not retry"},
    {"retry", "listen", "a server does not retry"},
    {"reconnect", "listen", "a server does not connect"},
    {"reconnect", "wait", "it keeps trying anyway"},
    {"reconnect", "retry", "it keeps trying anyway"},
    {"reconnect", "udp", "UDP has no connections"},
    {"reconnect", "scan", "a scan moves no data"},
    {"reconnect", "tls", "TLS hides what was acknowledged"},
    {"reconnect", "telnet", "replies hide what was acknowledged"},
    {"reconnect", "pass-fd", "the socket is passed once"},
    {"reconnect", "exec", "a program has one connection"},
    {"reconnect", "sh-exec", "a program has one connection"},
    {"proxy", "listen", "a proxy only connects"},
    {"proxy", "udp", "a proxy relays streams only"},
    {"proxy", "unix", "a proxy connects to hosts"},
    {"exec", "sh-exec", "only one program"},
    {"exec", "udp", "a program requires a stream"},
    {"exec", "scan", "a scan moves no data"},
    {"exec", "recv-only", "standard input is not used"},
    {"exec", "send-only", "standard output is not used"},
    {"exec", "pass-fd", "only one receiver of the connection"},
    {"sh-exec", "udp", "a program requires a stream"},
    {"sh-exec", "scan", "a scan moves no data"},
    {"sh-exec", "recv-only", "standard input is not used"},
    {"sh-exec", "send-only", "standard output is not used"},
    {"sh-exec", "pass-fd", "only one receiver of the connection"},
    {"pass-fd", "listen", "only a client passes its socket"},
    {"pass-fd", "udp", "only streams are passed"},
    {"pass-fd", "scan", "a scan moves no data"},
    {"pass-fd", "crlf", "another program moves the data"},
    {"pass-fd", "telnet", "another program moves the data"},
    {"pass-fd", "interval", "another program moves the data"},
    {"pass-fd", "rate", "another program moves the data"},
    {"pass-fd", "output", "another program moves the data"},
    {"pass-fd", "hex-dump", "another program moves the data"},
    {"pass-fd", "progress", "another program moves the data"},
    {"pass-fd", "tls", "the receiver would have no keys"},
    {"tls", "udp", "TLS requires a stream"},
    {"tls-ca", "tls-pin", "a pin replaces the authorities"},
    {"tls-name", "listen", "clients are verified by authority or pin"},
    {"tls-days", "listen", "only a server's certificate is checked"},
    {"tls-psk", "tls-ca", "a pre-shared key replaces certificates"},
    {"tls-psk", "tls-pin", "a pre-shared key replaces certificates"},
    {"tls-psk", "tls-cert", "a pre-shared key replaces certificates"},
    {"tls-psk", "tls-days", "a pre-shared key replaces certificates"},
};

constexpr Requirement kRequirements[] = {
    {"keep-open", "listen"},
    {"broker", "listen"},
    {"max-conns", "listen"},
    {"allow", "listen"},
    {"deny", "listen"},
    {"port-file", "listen"},
    {"packets", "udp"},
    {"broadcast", "udp"},
    {"random-ports", "scan"},
    {"append-output", "output", "hex-dump"},
    {"retry-interval", "retry", "wait", "reconnect"},
    {"exec-grace", "exec", "sh-exec"},
    {"proxy-type", "proxy"},
    {"proxy-user", "proxy"},
    {"proxy-password-file", "proxy"},
    {"proxy-dns", "proxy"},
    {"tls-verify", "tls"},
    {"tls-ca", "tls"},
    {"tls-pin", "tls"},
    {"tls-cert", "tls"},
    {"tls-key", "tls"},
    {"tls-name", "tls"},
    {"tls-days", "tls"},
    {"tls-psk", "tls"},
    {"alpn", "tls"},
    {"tls-version", "tls"},
    {"tls-ciphers", "tls"},
    {"tls-allow-truncation", "tls", "proxy"},
    {"tls-key", "tls-cert"},
};

static void refuse_both(const Cli& cli, const Pair& pair) {
  if (!cli.is_given(pair.one) || !cli.is_given(pair.other)) return;
  Cli::fail(cli.typed(pair.one) + " does not work with " + cli.typed(pair.other) + ": " + pair.why);
}

static void check_requirement(const Cli& cli, const Requirement& requirement) {
  const auto& [option, needed, or_else, or_third] = requirement;
  if (!cli.is_given(option) || cli.is_given(needed)) return;
  for (const char* other : {or_else, or_third})
    if (other != nullptr && cli.is_given(other)) return;
  std::string sentence = cli.typed(option) + " requires --" + needed;
  if (or_third != nullptr)
    sentence += std::string(", --") + or_else + " or --" + or_third;
  else if (or_else != nullptr)
    sentence += std::string(" or --") + or_else;
  Cli::fail(sentence);
}

void check_contradictions(const Cli& cli, const Options& o) {
  for (const Pair& pair : kContradictions) refuse_both(cli, pair);
  if (o.listen) refuse_both(cli, {"unix", "source", "the operand is the path"});
  if (!o.udp) refuse_both(cli, {"unix", "source", "only a datagram client has its own path"});
  if (o.unix_domain && o.udp) refuse_both(cli, {"scan", "unix", "only UDP ports are probed"});
  const bool has_name = cli.is_given("tls-name") || cli.is_given("tls-pin") ||
                        cli.is_given("tls-psk") || !o.tls.verify;
  if (o.tls.on && o.unix_domain && !o.listen && !has_name)
    Cli::fail("--tls with " + cli.typed("unix") +
              " requires --tls-name, --tls-pin, --tls-psk or --tls-verify=no");
  if (o.exit_when_sent && !o.udp)
    Cli::fail("--timeout: must be greater than 0 (only --udp allows 0)");
  if (o.exit_when_sent && o.scan) Cli::fail("--timeout: must be greater than 0 with --scan");
  for (const Requirement& requirement : kRequirements) check_requirement(cli, requirement);
  if (!o.listen && o.source_port_given && o.source_port == 0)
    Cli::fail("--source-port: invalid port '0'");
}

}  // namespace netcat
