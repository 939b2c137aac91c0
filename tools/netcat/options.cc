#include "tools/netcat/options.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/cli/cli.h"
#include "common/net/address.h"
#include "tools/netcat/access.h"
#include "tools/netcat/datagram/multicast.h"
#include "tools/netcat/ports.h"
#include "tools/netcat/relay/rate_limit.h"

namespace netcat {

using net::Cli;

namespace {

void add_options(Cli& cli, Options& o) {
  cli.flag("4,ipv4", "IPv4 only", [&o] {
    if (o.family == AF_INET6) Cli::fail("--ipv4 and --ipv6 contradict each other");
    o.family = AF_INET;
  });
  cli.flag("6,ipv6", "IPv6 only", [&o] {
    if (o.family == AF_INET) Cli::fail("--ipv4 and --ipv6 contradict each other");
    o.family = AF_INET6;
  });
  cli.flag("l,listen", "listen instead of connecting", o.listen);
  cli.flag("k,keep-open", "with -l: serve any number of clients, at once", o.keep_open);
  cli.flag("U,unix", "Unix-domain socket; the operand is a path, or @NAME", o.unix_domain);
  cli.flag("u,udp", "UDP; each read of stdin is one datagram", o.udp);
  cli.option("p,source-port", "PORT", "local port", [&o](std::string_view text) -> std::string {
    auto port = net::parse_port(std::string(text));
    if (!port) port = net::parse_port(std::string(text), "udp");
    if (!port) return "'" + std::string(text) + "' is no port";
    o.source_port = *port;
    o.source_port_given = true;
    return "";
  });
  cli.option("s,source", "ADDR", "local address", net::text(o.source));
  cli.flag("n,numeric", "look no names up", o.numeric);
  cli.option("w,timeout", "T",
             "time to connect or for a client to come; then idle timeout; -u: 0 = exit when sent",
             [&o](std::string_view text) {
               std::string wrong = net::duration(o.timeout)(text);
               o.exit_when_sent = wrong.empty() && o.timeout == net::Millis::zero();
               if (o.exit_when_sent) o.timeout = net::kForever;
               return wrong;
             });
  cli.option("q,quit-after", "T", "exit T after the end of stdin; 0: no limit (0; -u: 1s)",
             [&o](std::string_view text) {
               net::Millis limit{};
               o.quit_after.reset();
               o.quit_never = text.starts_with('-');
               std::string wrong = net::duration(limit)(text.substr(o.quit_never ? 1 : 0));
               if (!o.quit_never) o.quit_after = limit;
               return wrong;
             });
}

void add_transfer_options(Cli& cli, Options& o) {
  cli.flag("N,shutdown", "half-close at the end of stdin (the default)", [&o] {
    if (!o.shutdown) Cli::fail("--shutdown and --no-shutdown contradict each other");
    o.shutdown_asked = true;
  });
  cli.flag("no-shutdown", "no half-close at the end of stdin", [&o] {
    if (o.shutdown_asked) Cli::fail("--shutdown and --no-shutdown contradict each other");
    o.shutdown = false;
  });
  cli.flag("half-open", "go on until stdin ends, even if the peer has ended", o.half_open);
  cli.flag("d,recv-only", "never read stdin", o.recv_only);
  cli.flag("send-only", "discard what arrives; exit when all is delivered", o.send_only);
  cli.flag("F,pass-fd", "pass the connected socket over standard output and exit", o.pass_fd);
  cli.flag("C,crlf", "send LF as CRLF", o.crlf);
  cli.option("W,packets", "N", "with -u: leave after N datagrams received",
             net::number(o.packets, 1, UINT64_MAX));
  cli.flag("b,broadcast", "with -u: allow broadcast addresses", o.broadcast);
  cli.option("rate", "BYTES", "at most so many a second, each way; K, M, G: 1024, ...",
             [&o](std::string_view text) -> std::string {
               if (parse_rate(text, o.rate)) return "";
               return "'" + std::string(text) + "' is no number of bytes (try 500K or 10M)";
             });
  cli.option("idle-timeout", "T", "leave when no byte has passed for T; 0: never (as -w)",
             [&o](std::string_view text) {
               o.idle_given = true;
               std::string wrong = net::duration(o.idle)(text);
               if (o.idle == net::Millis::zero()) o.idle = net::kForever;
               return wrong;
             });
}

void add_report_options(Cli& cli, Options& o) {
  const auto path = [](std::string& out) {
    return [&out](std::string_view text) { return out = text, text.empty() ? "it is empty" : ""; };
  };
  cli.flag("v,verbose", "say what happens, on stderr; twice: totals", [&o] { ++o.verbose; });
  cli.flag("json", "say what happens as JSON, an object a line on stderr", o.json);
  cli.flag("progress", "say how far it is, on stderr", o.progress);
  cli.option("output", "FILE", "write what is sent and received there, with offsets",
             path(o.output));
  cli.option("hex-dump", "FILE", "the same in hexadecimal", path(o.hex_dump));
  cli.flag("append-output", "do not overwrite the two", o.append_output);
}

void add_access_options(Cli& cli, Options& o) {
  const auto hosts = [](std::vector<std::string>& out) {
    return [&out](std::string_view text) -> std::string {
      do {
        const std::string item(text.substr(0, text.find(',')));
        std::string host;
        int bits = 0;
        if (!split_prefix(item, host, bits)) return "'" + item + "' is no HOST or HOST/BITS";
        out.push_back(item);
        text.remove_prefix(std::min(text.size(), item.size() + 1));
      } while (!text.empty());
      return "";
    };
  };
  cli.option("max-conns", "N", "with -l: clients at once; more wait",
             net::number(o.max_conns, 1, UINT32_MAX));
  cli.option("allow", "HOST[/BITS]", "with -l: serve nobody else; may be repeated", hosts(o.allow));
  cli.option("deny", "HOST[/BITS]", "with -l: do not serve these", hosts(o.deny));
}

void add_socket_options(Cli& cli, SocketOptions& o) {
  const auto size = [](std::optional<int>& out, std::uint64_t max) {
    return net::number(1, max, [&out](std::uint64_t n) { out = static_cast<int>(n); });
  };
  cli.option("M,ttl", "N", "time to live (hop limit) of what is sent", size(o.ttl, 255));
  cli.option("m,min-ttl", "N", "least time to live of what is accepted", size(o.min_ttl, 255));
  cli.option("T,tos", "KEYWORD",
             "type of service (DSCP): af11...cs7, ef, lowdelay, ..., or a number",
             [&o](std::string_view text) -> std::string {
               o.tos = parse_tos(text);
               return o.tos ? "" : "'" + std::string(text) + "' is no type of service";
             });
  cli.option("I,receive-buffer", "BYTES", "size of the receive buffer",
             size(o.receive_buffer, INT32_MAX));
  cli.option("O,send-buffer", "BYTES", "size of the send buffer", size(o.send_buffer, INT32_MAX));
}

void add_scan_options(Cli& cli, Options& o) {
  cli.flag("z,scan", "only check which ports are open; sends no input", o.scan);
  cli.flag("r,random-ports", "with -z: the ports in random order", o.random_ports);
  cli.option("i,interval", "T",
             "send input one line at a time, T apart; with -z: ports one at a time",
             net::duration(o.interval));
}

void add_retry_options(Cli& cli, Options& o) {
  cli.option("retry", "N", "while nobody is there, try N times more",
             net::number(o.retries, 1, 1'000'000));
  cli.option("retry-interval", "T", "with --retry or --wait: the time between two tries (1s)",
             [&o](std::string_view value) {
               o.retry_interval_given = true;
               return net::duration_over_zero(o.retry_interval)(value);
             });
  cli.flag("wait", "while nobody is there, try until -w runs out", o.wait);
}

void check_contradictions(const Options& o) {
  const std::pair<bool, const char*> contradictions[] = {
      {!o.listen && o.source_port_given && o.source_port == 0, "--source-port: '0' is no port"},
      {o.recv_only && o.send_only, "--recv-only and --send-only contradict each other"},
      {o.recv_only && o.half_open, "--recv-only and --half-open contradict each other"},
      {o.udp && o.half_open, "--udp and --half-open contradict each other"},
      {o.scan && o.half_open, "--scan and --half-open contradict each other"},
      {o.keep_open && !o.listen, "--keep-open wants --listen"},
      {o.max_conns > 0 && !o.listen, "--max-conns wants --listen"},
      {!o.allow.empty() && !o.listen, "--allow wants --listen"},
      {!o.deny.empty() && !o.listen, "--deny wants --listen"},
      {o.max_conns > 0 && o.udp, "--max-conns and --udp contradict each other"},
      {!o.allow.empty() && o.unix_domain, "--unix and --allow contradict each other"},
      {!o.deny.empty() && o.unix_domain, "--unix and --deny contradict each other"},
      {o.append_output && o.output.empty() && o.hex_dump.empty(),
       "--append-output wants --output or --hex-dump"},
      {o.scan && !o.output.empty(), "--scan and --output contradict each other"},
      {o.scan && !o.hex_dump.empty(), "--scan and --hex-dump contradict each other"},
      {o.scan && o.progress, "--scan and --progress contradict each other"},
      {o.scan && o.rate > 0, "--scan and --rate contradict each other"},
      {o.unix_domain && o.family == AF_INET, "--unix and --ipv4 contradict each other"},
      {o.unix_domain && o.family == AF_INET6, "--unix and --ipv6 contradict each other"},
      {o.unix_domain && o.source_port != 0, "--unix and --source-port contradict each other"},
      {o.unix_domain && (!o.udp || o.listen) && !o.source.empty(),
       "--unix and --source contradict each other"},
      {o.udp && !o.shutdown, "--udp and --no-shutdown contradict each other"},
      {o.packets != 0 && !o.udp, "--packets requires --udp"},
      {o.packets != 0 && o.send_only, "--packets and --send-only contradict each other"},
      {o.broadcast && !o.udp, "--broadcast requires --udp"},
      {o.broadcast && o.unix_domain, "--unix and --broadcast contradict each other"},
      {o.exit_when_sent && !o.udp, "--timeout: must be greater than 0 (only --udp allows 0)"},
      {o.exit_when_sent && o.scan, "--timeout: must be greater than 0 with --scan"},
      {o.scan && o.udp && o.unix_domain, "--scan and --udp do not work with --unix"},
      {o.wait && o.udp, "--wait and --udp contradict each other"},
      {o.retries > 0 && o.udp, "--retry and --udp contradict each other"},
      {o.scan && o.listen, "--scan and --listen contradict each other"},
      {o.scan && o.send_only, "--scan and --send-only contradict each other"},
      {o.scan && o.crlf, "--scan and --crlf contradict each other"},
      {o.wait && o.retries > 0, "--wait and --retry contradict each other"},
      {o.wait && o.listen, "--wait and --listen contradict each other"},
      {o.retries > 0 && o.listen, "--retry and --listen contradict each other"},
      {o.retry_interval_given && !o.wait && o.retries == 0,
       "--retry-interval wants --retry or --wait"},
      {o.proxy.given() && o.listen, "--proxy does not support --listen"},
      {o.proxy.given() && o.udp, "--proxy does not support --udp"},
      {o.proxy.given() && o.unix_domain, "--proxy does not support --unix"},
      {o.program.given() && o.udp, "--exec does not support --udp"},
      {o.program.given() && o.scan, "--exec does not support --scan"},
      {o.program.given() && o.recv_only, "--exec does not support --recv-only"},
      {o.program.given() && o.send_only, "--exec does not support --send-only"},
      {o.program.given() && o.pass_fd, "--exec does not support --pass-fd"},
      {o.pass_fd && o.listen, "--pass-fd does not support --listen"},
      {o.pass_fd && o.udp, "--pass-fd does not support --udp"},
      {o.pass_fd && o.scan, "--pass-fd does not support --scan"},
      {o.random_ports && !o.scan, "--random-ports wants --scan"},
      {o.random_ports && o.unix_domain, "--unix and --random-ports contradict each other"},
  };
  for (const auto& [wrong, sentence] : contradictions)
    if (wrong) Cli::fail(sentence);
}

// A program is for this machine only, unless `::` says otherwise.
void adapt_to_program(Options& o) {
  if (o.listen && o.host.empty())
    o.host = !o.numeric ? "localhost" : o.family == AF_INET6 ? "::1" : "127.0.0.1";
  else if (o.listen && o.host == "::" && o.family == AF_UNSPEC)
    o.host.clear();
  if (o.keep_open && o.max_conns == 0) o.max_conns = ProgramOptions::kMaxConns;
}

// HOST PORT... or HOST:PORT, where each PORT may be several.
void take_ports(const std::vector<std::string>& operands, Options& o) {
  if (operands.empty()) Cli::fail("a host and a port are missing");
  std::vector<std::string> ports(operands.begin() + 1, operands.end());
  std::string port;
  if (ports.empty() && net::split_host_port(operands[0], o.host, port))
    ports = {port};
  else
    o.host = net::without_brackets(operands[0]);
  if (ports.empty()) Cli::fail("a port is missing after " + operands[0]);
  for (const std::string& text : ports)
    if (!add_ports(text, o.ports, o.udp ? "udp" : "tcp"))
      Cli::fail("'" + text + "' is no port or range of ports");
  sort_ports(o.ports);
  o.port = o.ports.front();
}

// With a multicast group as the operand, -s picks the network interface.
bool joins_group(const Options& o) {
  const auto group = net::SockAddr::numeric(o.host.substr(0, o.host.find('%')), 0);
  return o.udp && group && is_multicast(*group);
}

// HOST PORT, HOST:PORT or, to listen, PORT or HOST:PORT; with -l the options -p and -s do as well.
void take_operands(const std::vector<std::string>& operands, Options& o) {
  if (o.scan && !o.unix_domain) return take_ports(operands, o);
  if (operands.size() > (o.unix_domain ? 1 : 2)) Cli::fail("too many operands: " + operands.back());
  if (o.unix_domain) {
    if (operands.empty() || operands[0].empty()) Cli::fail("a path is missing");
    o.path = operands[0];
    return;
  }
  std::string port;
  if (operands.size() == 2) {
    o.host = net::without_brackets(operands[0]);
    port = operands[1];
  } else if (operands.size() == 1 && !net::split_host_port(operands[0], o.host, port)) {
    const std::string& only = operands[0];
    const bool digits = only.find_first_not_of("0123456789") == std::string::npos;
    const bool is_port = o.listen && !only.ends_with(']') && (digits || !o.source_port_given);
    (is_port ? port : o.host) = net::without_brackets(only);
  }
  if (o.listen && o.source_port_given && !port.empty())
    Cli::fail("--source-port and the operand " + port + " contradict each other");
  if (o.listen && !o.source.empty() && !o.host.empty() && !joins_group(o))
    Cli::fail("--source and the operand " + o.host + " contradict each other");
  if (o.listen && o.host.empty()) o.host = net::without_brackets(o.source);
  if (o.listen && o.source_port_given) {
    o.port = o.source_port;
    return;
  }
  if (port.empty() && o.host.empty() && !o.listen) Cli::fail("a host and a port are missing");
  if (o.host.empty() && !o.listen) Cli::fail("the host is empty");
  if (port.empty()) Cli::fail("a port is missing" + (o.listen ? "" : " after " + operands[0]));
  const auto number = net::parse_port(port, o.udp ? "udp" : "tcp");
  if (!number || (*number == 0 && !o.listen)) Cli::fail("'" + port + "' is no port");
  o.port = *number;
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options o;
  Cli cli("netcat",
          "[options] HOST PORT\n       netcat -l [options] [ADDR] PORT\n       netcat -U [-l] "
          "[options] PATH\n       netcat -z [options] HOST PORT...",
          "Standard input to the network, the network to standard output.");
  add_options(cli, o);
  add_transfer_options(cli, o);
  add_socket_options(cli, o.socket);
  add_report_options(cli, o);
  add_access_options(cli, o);
  add_scan_options(cli, o);
  add_retry_options(cli, o);
  o.proxy.add_to(cli);
  o.program.add_to(cli);
  const std::vector<std::string> operands = cli.parse(argc, argv);
  check_contradictions(o);
  if (!o.idle_given) o.idle = o.timeout;
  take_operands(operands, o);
  if (o.program.grace_given && !o.program.given())
    Cli::fail("--exec-grace requires --exec or --sh-exec");
  if (o.program.given()) adapt_to_program(o);
  o.proxy.resolve(o.host);
  // A proxy takes the end of the input for the end of both directions.
  if (!o.proxy.chain.empty() && !o.shutdown_asked && !o.send_only) o.shutdown = false;
  return o;
}

}  // namespace netcat
