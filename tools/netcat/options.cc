#include "tools/netcat/options.h"

#include <algorithm>
#include <vector>

#include "common/cli/cli.h"
#include "common/net/address.h"
#include "tools/netcat/access.h"
#include "tools/netcat/options/contradictions.h"
#include "tools/netcat/options/operands.h"
#include "tools/netcat/options/other_netcats.h"
#include "tools/netcat/relay/rate_limit.h"

namespace netcat {

using net::Cli;

namespace {

void add_options(Cli& cli, Options& o) {
  cli.flag("4,ipv4", "IPv4 only", [&o] { o.family = AF_INET; });
  cli.flag("6,ipv6", "IPv6 only", [&o] { o.family = AF_INET6; });
  cli.flag("l,listen", "listen instead of connecting", o.listen);
  cli.flag("k,keep-open", "with -l: serve any number of clients at once", o.keep_open);
  cli.flag("broker", "with -l: send what one client sends to all the others", [&o] {
    o.broker = true;
    o.keep_open = true;
  });
  cli.flag("U,unix", "Unix-domain socket; the operand is a path, or @NAME", o.unix_domain);
  cli.flag("u,udp", "UDP; each read of stdin is one datagram", o.udp);
  cli.option("p,source-port", "PORT", "local port", [&o](std::string_view text) -> std::string {
    auto port = net::parse_port(std::string(text));
    if (!port) port = net::parse_port(std::string(text), "udp");
    if (!port) return "invalid port '" + std::string(text) + "'";
    o.source_port = *port;
    o.source_port_given = true;
    return "";
  });
  cli.option("s,source", "ADDR", "local address", net::text(o.source));
  cli.option("port-file", "FILE",
             "with -l: write the port (or path) to FILE before the first client",
             [&o](std::string_view text) -> std::string {
               o.port_file = text;
               if (text == "-") return "'-' is not a file";
               return text.empty() ? "must not be empty" : "";
             });
  cli.flag("n,numeric", "no DNS lookups", o.numeric);
  cli.option(
      "w,timeout", "T",
      "limit to connect (-l: to wait for a client), then idle timeout; -u: 0 = exit once sent",
      [&o](std::string_view text) {
        std::string wrong = net::duration(o.timeout)(text);
        o.exit_when_sent = wrong.empty() && o.timeout == net::Millis::zero();
        if (o.exit_when_sent) o.timeout = net::kForever;
        return wrong;
      });
  cli.option("q,quit-after", "T",
             "exit T after end of input; 0 or -1 = never (default); -u: 0 = at once (1s)",
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
  cli.flag("N,shutdown", "half-close at the end of stdin (the default)", o.shutdown_asked);
  cli.flag("no-shutdown", "no half-close at the end of stdin", [&o] { o.shutdown = false; });
  cli.flag("half-open", "keep sending until stdin ends, even if the peer has ended", o.half_open);
  cli.flag("d,recv-only", "never read stdin", o.recv_only);
  cli.flag("send-only", "discard what arrives; exit when all is delivered", o.send_only);
  cli.flag("F,pass-fd", "pass the connected socket over stdout and exit", o.pass_fd);
  cli.flag("C,crlf", "send LF as CRLF", o.crlf);
  cli.flag("t,telnet", "refuse telnet negotiations and remove them from the output", o.telnet);
  cli.option("W,packets", "N", "with -u: exit after N datagrams received",
             net::number(o.packets, 1, UINT64_MAX));
  cli.flag("b,broadcast", "with -u: allow broadcast addresses", o.broadcast);
  cli.option("rate", "BYTES", "limit in bytes per second, each way (500K, 10M, 1MB)",
             [&o](std::string_view text) -> std::string {
               if (parse_rate(text, o.rate)) return "";
               return "invalid size '" + std::string(text) + "' (try 500K or 10M)";
             });
  cli.option("idle-timeout", "T", "idle timeout; 0 = never (as -w)", [&o](std::string_view text) {
    o.idle_given = true;
    std::string wrong = net::duration(o.idle)(text);
    if (o.idle == net::Millis::zero()) o.idle = net::kForever;
    return wrong;
  });
}

void add_report_options(Cli& cli, Options& o) {
  cli.flag("v,verbose", "report events on stderr; twice: totals too", [&o] { ++o.verbose; });
  cli.flag("json", "report events on stderr as JSON, one object per line", o.json);
  cli.flag("progress", "show progress on stderr", o.progress);
  cli.option("output", "FILE", "log what is sent and received, with offsets; - = stderr",
             net::text(o.output));
  cli.option("o,hex-dump", "FILE", "the same in hexadecimal", net::text(o.hex_dump));
  cli.flag("append-output", "append to these files instead of overwriting them", o.append_output);
}

void add_access_options(Cli& cli, Options& o) {
  const auto hosts = [](std::vector<std::string>& out) {
    return [&out](std::string_view text) -> std::string {
      do {
        const std::string item(text.substr(0, text.find(',')));
        std::string host;
        int bits = 0;
        if (!split_prefix(item, host, bits)) return "invalid HOST or HOST/BITS '" + item + "'";
        out.push_back(item);
        text.remove_prefix(std::min(text.size(), item.size() + 1));
      } while (!text.empty());
      return "";
    };
  };
  cli.option("max-conns", "N", "with -l: clients served at once (descriptor limit; -e: 100)",
             net::number(o.max_conns, 1, UINT32_MAX));
  cli.option("allow", "HOST[/BITS]", "with -l: serve only these clients; may be repeated",
             hosts(o.allow));
  cli.option("deny", "HOST[/BITS]", "with -l: disconnect these clients at once", hosts(o.deny));
}

void add_socket_options(Cli& cli, SocketOptions& o) {
  const auto size = [](std::optional<int>& out, std::uint64_t max) {
    return net::number(1, max, [&out](std::uint64_t n) { out = static_cast<int>(n); });
  };
  cli.option("M,ttl", "N", "time to live (hop limit) of sent packets", size(o.ttl, 255));
  cli.option("m,min-ttl", "N", "minimum time to live of accepted packets", size(o.min_ttl, 255));
  cli.option("T,tos", "KEYWORD",
             "type of service (DSCP): af11...cs7, ef, lowdelay, ..., or a number",
             [&o](std::string_view text) -> std::string {
               o.tos = parse_tos(text);
               return o.tos ? "" : "invalid type of service '" + std::string(text) + "'";
             });
  cli.option("I,receive-buffer", "BYTES", "size of the receive buffer",
             size(o.receive_buffer, INT32_MAX));
  cli.option("keepalive", "T", "probe the peer after T without data, to detect that it is gone",
             [&o](std::string_view text) -> std::string {
               net::Millis time{};
               std::string wrong = net::duration_over_zero(time)(text);
               const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
               if (wrong.empty() && seconds > SocketOptions::kKeepaliveMax)
                 return "must be at most 32767s";
               o.keepalive = static_cast<int>(std::min<std::int64_t>(seconds, INT32_MAX));
               return wrong;
             });
  cli.option("O,send-buffer", "BYTES", "size of the send buffer", size(o.send_buffer, INT32_MAX));
}

void add_scan_options(Cli& cli, Options& o) {
  cli.flag("z,scan", "only check which ports are open; sends no input", o.scan);
  cli.flag("r,random-ports", "with -z: try the ports in random order", o.random_ports);
  cli.option("i,interval", "T",
             "send input one line at a time, T apart; with -z: ports one at a time",
             net::duration(o.interval));
}

void add_retry_options(Cli& cli, Options& o) {
  cli.option("retry", "N", "if connecting fails, try N more times",
             net::number(o.retries, 1, 1'000'000));
  cli.flag("reconnect", "connect again whenever the connection ends, until stdin has ended",
           o.reconnect);
  cli.option("retry-interval", "T", "time between tries (1s)",
             net::duration_over_zero(o.retry_interval));
  cli.flag("wait", "if connecting fails, keep trying until -w runs out", o.wait);
}

// With a program, netcat listens on loopback by default, so `::` means every address.
void adapt_to_program(Options& o) {
  if (o.listen && o.host.empty())
    o.host = !o.numeric ? "localhost" : o.family == AF_INET6 ? "::1" : "127.0.0.1";
  else if (o.listen && o.host == "::" && o.family == AF_UNSPEC)
    o.host.clear();
  if (o.keep_open && o.max_conns == 0) o.max_conns = ProgramOptions::kMaxConns;
}

// Only aliases are replaced; all other arguments stay in argv, where secrets are overwritten in
// place.
std::vector<std::string> parse(Cli& cli, int argc, char** argv) {
  std::vector<std::string> arguments = tls::without_aliases({argv, argv + argc});
  std::vector<char*> pointers(argv, argv + argc);
  for (std::size_t i = 0; i < pointers.size(); ++i)
    if (arguments[i] != pointers[i]) pointers[i] = arguments[i].data();
  return cli.parse(argc, pointers.data());
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options o;
  Cli cli("netcat",
          "[options] HOST PORT\n       netcat -l [options] [ADDR] PORT\n       netcat -U [-l] "
          "[options] PATH\n       netcat -z [options] HOST PORT...",
          "Connect standard input and output to a network peer.");
  add_options(cli, o);
  add_transfer_options(cli, o);
  add_socket_options(cli, o.socket);
  add_report_options(cli, o);
  add_access_options(cli, o);
  add_scan_options(cli, o);
  add_retry_options(cli, o);
  tls::add_options(cli, o.tls);
  o.proxy.add_to(cli);
  o.program.add_to(cli);
  add_other_netcats(cli);
  const std::vector<std::string> operands = parse(cli, argc, argv);
  if (argc < 2) cli.fail_usage();
  check_contradictions(cli, o);
  tls::check(o.tls);
  if (!o.idle_given) o.idle = o.timeout;
  take_operands(cli, operands, o);
  if (o.program.given()) adapt_to_program(o);
  o.proxy.resolve(o.host);
  if (o.pass_fd && o.proxy.uses_tls())
    Cli::fail(cli.typed("pass-fd") +
              " does not work with an https proxy: the receiver would have no keys");
  if (o.reconnect && o.proxy.uses_tls())
    Cli::fail("--reconnect does not work with an https proxy: TLS hides what was acknowledged");
  // A proxy treats a half-close as the end of both directions.  It does not see TLS's close_notify.
  if (!o.proxy.chain.empty() && !o.tls.on && !o.shutdown_asked && !o.send_only) o.shutdown = false;
  return o;
}

}  // namespace netcat
