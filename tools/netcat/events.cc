#include "tools/netcat/events.h"

#include "common/cli/log.h"
#include "tools/netcat/json_line.h"
#include "tools/netcat/tls/engine.h"

namespace netcat::events {

using net::Error;
using net::SockAddr;

static std::string dropped(std::uint64_t lines) {
  return JsonLine("dropped").add("lines", lines).text() + "\n";
}

static void print(const JsonLine& line) {
  net::log::report_dropped_with(dropped);
  net::log::put(line.text() + "\n");
}

static void add_proxies(JsonLine& line, const Options& options) {
  if (!options.proxy.chain.empty()) line.add("proxy", options.proxy.names());
}

static JsonLine event(const char* name, const Options& options, const SockAddr& address) {
  JsonLine line(name);
  const bool local = options.unix_domain;
  line.add("protocol",
           local ? (options.udp ? "unix-datagram" : "unix") : (options.udp ? "udp" : "tcp"));
  if (local) return line.add("path", options.path);
  if (address.size() == 0) return line;
  return line.add("address", address.host()).add("port", std::uint64_t{address.port()});
}

static JsonLine connection(const char* direction, const Options& options, const SockAddr& peer,
                           const SockAddr& local) {
  JsonLine line = event("connected", options, peer);
  line.add("direction", direction);
  if (!options.unix_domain)
    line.add("local_address", local.host()).add("local_port", std::uint64_t{local.port()});
  return line;
}

static const char* outcome_of(Error e) {
  switch (e.code()) {
    case 0:
      return "connected";
    case UV_ECONNREFUSED:
      return "refused";
    case UV_ETIMEDOUT:
      return "timeout";
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_EHOSTDOWN:
    case UV_ENETDOWN:
      return "unreachable";
    case UV_ECANCELED:
      return "abandoned";
    default:
      return "failed";
  }
}

static const char* reason_of(const Outcome& outcome) {
  switch (outcome.status) {
    case net::kOk:
      return "complete";
    case net::kIdle:
      return "idle";
    case net::kLocalIo:
      return "local-io";
    case kBrokenPipe:
      return "output-closed";
    case net::kRefused:
      return "refused";
    case net::kTls:
      return "tls";
    case net::kProgram:
      return "program";
    default:
      return outcome.reset ? "reset" : "lost";
  }
}

static void print_closed(const Options& options, const SockAddr& peer, const Tally& tally,
                         const char* reason, const Outcome& outcome = {},
                         const std::string& tls_end = {}) {
  const char* sides[] = {"nobody", "local", "peer"};
  JsonLine line = event("closed", options, peer);
  line.add("bytes_sent", tally.sent)
      .add("bytes_received", tally.received)
      .add("closed_first", sides[tally.first_end])
      .add("input_open", tally.input_open)
      .add("answered", tally.answered)
      .add("reason", reason);
  if (!tls_end.empty()) line.add("tls_end", tls_end);
  line.add("ms", tally.elapsed().count());
  if (outcome.program_status >= 0)
    line.add("program_status", static_cast<std::uint64_t>(outcome.program_status));
  if (outcome.program_signal > 0)
    line.add("program_signal", static_cast<std::uint64_t>(outcome.program_signal));
  print(line);
}

static void print_tls(JsonLine line, const netcat::tls::Info& info, Elapsed elapsed) {
  line.add("version", info.version)
      .add("cipher", info.cipher)
      .add("server_name", info.server_name)
      .add("alpn", info.alpn)
      .add("subject", info.subject)
      .add("issuer", info.issuer)
      .add("not_after", info.not_after)
      .add("sha256", info.sha256)
      .add("verified", info.verified);
  print(line.add("ms", elapsed.count()));
}

// --- the events ---

void resolved(const Options& options, const std::vector<SockAddr>& addresses, Elapsed elapsed) {
  std::string list;
  for (const SockAddr& address : addresses)
    list += (list.empty() ? "" : ",") + JsonLine::quoted(address.host());
  print(JsonLine("resolved")
            .add("host", options.host)
            .add_raw("addresses", "[" + list + "]")
            .add("ms", elapsed.count()));
}

void attempt(const Options& options, const SockAddr& peer, Error e, Elapsed elapsed) {
  JsonLine line = event("attempt", options, peer);
  add_proxies(line, options);
  line.add("ms", elapsed.count()).add("outcome", outcome_of(e));
  if (e && e != Error(UV_ECANCELED)) line.add("error", e.message());
  print(line);
}

void probed(const Options& options, const SockAddr& peer, Error e, bool answered, Elapsed elapsed) {
  const char* found = answered ? "succeeded" : "open or filtered";
  JsonLine line = event("attempt", options, peer);
  line.add("ms", elapsed.count()).add("outcome", e ? outcome_of(e) : found);
  if (e) line.add("error", e.message());
  print(line);
}

void hop(const Proxy& proxy, const Destination& to, const ProxyFailure& failure, Elapsed elapsed) {
  const char* outcome = !failure                              ? "connected"
                        : failure.status == net::kRefused     ? "refused"
                        : failure.status == net::kTimedOut    ? "timeout"
                        : failure.status == net::kUnreachable ? "unreachable"
                                                              : "failed";
  JsonLine line("proxy");
  line.add("proxy", proxy.where())
      .add("type", proxy.scheme())
      .add("target", host_and_port(to.host, to.port))
      .add("ms", elapsed.count())
      .add("outcome", outcome);
  if (failure) line.add("error", failure.why);
  print(line);
}

void connected(const Options& options, const SockAddr& peer, const SockAddr& local) {
  print(connection("out", options, peer, local));
}

void tunnelled(const Options& options, std::uint16_t port, const SockAddr& peer,
               const SockAddr& local) {
  JsonLine line = connection("out", options, peer, local);
  add_proxies(line, options);
  print(line.add("target", host_and_port(options.host, port)));
}

void listening(const Options& options, const SockAddr& address) {
  print(event("listening", options, address));
}

void received(const Options& options, const SockAddr& peer, const SockAddr& local) {
  print(connection("in", options, peer, local));
}

void denied(const Options& options, const SockAddr& peer) {
  Tally nothing;
  nothing.ended_by(Tally::kLocal);
  print_closed(options, peer, nothing, "denied");
}

void closed(const Options& options, const SockAddr& peer, const Tally& tally,
            const Outcome& outcome, const std::string& tls_end) {
  print_closed(options, peer, tally, reason_of(outcome), outcome, tls_end);
}

void certificate(const std::string& sha256) {
  print(JsonLine("certificate").add("sha256", sha256));
}

void tls(const Options& options, const SockAddr& peer, const netcat::tls::Info& info,
         Elapsed elapsed) {
  print_tls(event("tls", options, peer), info, elapsed);
}

void proxy_tls(const Proxy& proxy, const netcat::tls::Info& info, Elapsed elapsed) {
  print_tls(JsonLine("tls").add("protocol", "tcp").add("proxy", proxy.where()), info, elapsed);
}

void error(const Options& options, const SockAddr& peer, const std::string& message) {
  print(event("error", options, peer).add("message", message));
}

void failed(const Options& options, const Outcome& outcome) {
  JsonLine line("error");
  line.add("status", std::uint64_t(static_cast<unsigned>(outcome.status)));
  if (options.unix_domain)
    line.add("path", options.path);
  else if (!options.host.empty())
    line.add("host", options.host);
  if (!options.unix_domain && options.ports.size() < 2)
    line.add("port", std::uint64_t{options.port});
  print(line.add("message", outcome.why));
}

}  // namespace netcat::events
