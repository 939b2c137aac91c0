#include "tools/netcat/report.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <cctype>

#include "common/cli/log.h"
#include "tools/netcat/json_line.h"
#include "tools/netcat/tls/engine.h"

namespace netcat {

using net::Error;
using net::SockAddr;

// --- JSON ---

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

static JsonLine connected(const char* direction, const Options& options, const SockAddr& peer,
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

// --- what happens ---

// The name of the address, unless -n is given.
static std::string name_of(const Options& options, const SockAddr& address) {
  if (address.host() == "0.0.0.0" || address.host() == "::") return address.host();
  std::array<char, NI_MAXHOST> name;
  const int flags = options.numeric ? NI_NUMERICHOST : 0;
  const int failed =
      getnameinfo(address.get(), address.size(), name.data(), name.size(), nullptr, 0, flags);
  return failed != 0 ? address.host() : name.data();
}

// "localhost 80".  A connection that was reset before it was accepted may have no address.
static std::string place_of(const std::string& host, const SockAddr& peer) {
  return peer.size() == 0 ? "an unknown address" : host + " " + std::to_string(peer.port());
}

void say_resolved(const Options& options, const std::vector<SockAddr>& addresses, Elapsed elapsed) {
  if (!options.json) return;
  std::string list;
  for (const SockAddr& address : addresses)
    list += (list.empty() ? "" : ",") + JsonLine::quoted(address.host());
  print(JsonLine("resolved")
            .add("host", options.host)
            .add_raw("addresses", "[" + list + "]")
            .add("ms", elapsed.count()));
}

void say_attempt(const Options& options, const SockAddr& peer, Error e, Elapsed elapsed) {
  if (!options.json) return;
  JsonLine line = event("attempt", options, peer);
  add_proxies(line, options);
  line.add("ms", elapsed.count()).add("outcome", outcome_of(e));
  if (e && e != Error(UV_ECANCELED)) line.add("error", e.message());
  print(line);
}

bool tells_failed_attempts(const Options& options) { return options.verbose > 0 && !options.json; }

// "localhost (127.0.0.1)"
static std::string host_of(const Options& options, const SockAddr& peer) {
  const std::vector<Proxy>& chain = options.proxy.chain;
  const std::string& host = chain.empty() ? options.host : chain.front().host;
  const std::string ip = peer.host();
  return options.numeric || host == ip ? ip : host + " (" + ip + ")";
}

void say_attempt_failed(const Options& options, const SockAddr& peer, Error e) {
  if (!tells_failed_attempts(options)) return;
  std::string why = e.message();
  why[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(why[0])));
  if (peer.family() == AF_UNIX)
    return net::log::error("connect to %s failed: %s", peer.host().c_str(), why.c_str());
  net::log::error("connect to %s port %u (%s) failed: %s", host_of(options, peer).c_str(),
                  peer.port(), options.udp ? "udp" : "tcp", why.c_str());
}

void say_probed(const Options& options, const SockAddr& peer, Error e, bool answered,
                Elapsed elapsed) {
  if (!options.json) return;
  const char* found = answered ? "succeeded" : "open or filtered";
  JsonLine line = event("attempt", options, peer);
  line.add("ms", elapsed.count()).add("outcome", e ? outcome_of(e) : found);
  if (e) line.add("error", e.message());
  print(line);
}

// "127.0.0.1 53 port [udp/domain]"
static std::string port_of(const Options& options, const std::string& host, std::uint16_t port) {
  const char* protocol = options.udp ? "udp" : "tcp";
  const servent* service = options.numeric ? nullptr : getservbyport(htons(port), protocol);
  return host + " " + std::to_string(port) + " port [" + protocol + "/" +
         (service != nullptr ? service->s_name : "*") + "]";
}

static std::string port_of(const Options& options, const SockAddr& peer) {
  return port_of(options, host_of(options, peer), peer.port());
}

void say_open_or_filtered(const Options& options, const SockAddr& peer) {
  if (options.verbose == 0 || options.json) return;
  net::log::plain("Connection to %s open or filtered", port_of(options, peer).c_str());
}

void say_connected(const Options& options, const SockAddr& peer, const SockAddr& local) {
  if (options.json) return print(connected("out", options, peer, local));
  if (options.verbose == 0 || options.unix_domain) return;
  net::log::plain("Connection to %s succeeded!", port_of(options, peer).c_str());
}

void say_tunnelled(const Options& options, std::uint16_t port, const SockAddr& peer,
                   const SockAddr& local) {
  if (options.json) {
    JsonLine line = connected("out", options, peer, local);
    add_proxies(line, options);
    return print(line.add("target", host_and_port(options.host, port)));
  }
  if (options.verbose == 0) return;
  std::string by;
  for (const Proxy& proxy : options.proxy.chain)
    by += (by.empty() ? "" : ", ") + proxy.host + " port " + std::to_string(proxy.port);
  net::log::plain("Connection to %s succeeded! (by proxy %s)",
                  port_of(options, options.host, port).c_str(), by.c_str());
}

void say_try_failed(const Options& options, const std::string& sentence) {
  if (tells_failed_attempts(options)) net::log::error("%s", sentence.c_str());
}

void say_hop(const Options& options, const Proxy& proxy, const Destination& to,
             const ProxyFailure& failure, Elapsed elapsed) {
  if (!options.json) return;
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

void say_listening(const Options& options, const SockAddr& address) {
  if (options.json) return print(event("listening", options, address));
  if (options.verbose == 0) return;
  if (options.unix_domain) {
    net::log::plain("Bound on %s", options.path.c_str());
    net::log::plain("Listening on %s", options.path.c_str());
  } else {
    net::log::plain("Listening on %s %u", name_of(options, address).c_str(), address.port());
  }
}

void say_bound(const Options& options, const SockAddr& address) {
  if (options.json && options.listen) return print(event("listening", options, address));
  if (options.json || options.verbose == 0) return;
  if (options.unix_domain)
    net::log::plain("Bound on %s", address.host().c_str());
  else
    net::log::plain("Bound on %s %u", name_of(options, address).c_str(), address.port());
}

void say_received(const Options& options, const SockAddr& peer, const SockAddr& local,
                  const std::string& name) {
  if (options.json) return print(connected("in", options, peer, local));
  if (options.verbose == 0) return;
  if (options.unix_domain)
    net::log::plain("Connection received on %s", options.path.c_str());
  else
    net::log::plain("Connection received on %s",
                    place_of(name.empty() ? peer.host() : name, peer).c_str());
}

void say_denied(const Options& options, const SockAddr& peer) {
  Tally nothing;
  nothing.ended_by(Tally::kLocal);
  if (options.json) return print_closed(options, peer, nothing, "denied");
  if (options.verbose > 0)
    net::log::plain("Connection denied from %s", place_of(peer.host(), peer).c_str());
}

void say_closed(const Options& options, const SockAddr& peer, const Tally& tally,
                const Outcome& outcome, const std::string& tls_end) {
  if (options.json) return print_closed(options, peer, tally, reason_of(outcome), outcome, tls_end);
  if (options.verbose > 0 && outcome.status == net::kOk && tally.input_open)
    net::log::plain("Connection closed: input still open");
  if (options.verbose > 0 && !tally.answered)
    net::log::plain(
        "Connection closed: the peer ended without an answer to the end of input (--no-shutdown "
        "may help)");
  if (options.verbose < 2) return;
  const double seconds = tally.elapsed().count() / 1000;
  net::log::plain("Sent %llu bytes, received %llu bytes in %.3f seconds",
                  static_cast<unsigned long long>(tally.sent),
                  static_cast<unsigned long long>(tally.received), seconds);
}

void say_problem(const Options& options, const SockAddr& peer, const std::string& sentence) {
  if (options.json)
    print(event("error", options, peer).add("message", sentence));
  else if (peer.size() == 0)
    net::log::error("%s", sentence.c_str());
  else
    net::log::error("%s: %s", peer.to_string().c_str(), sentence.c_str());
}

// --- TLS ---

void say_certificate(const Options& options, const std::string& sha256) {
  if (options.json) return print(JsonLine("certificate").add("sha256", sha256));
  net::log::error("certificate sha256:%s", sha256.c_str());
}

static void print_tls(JsonLine line, const tls::Info& info, Elapsed elapsed) {
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

static void print_tls_words(const std::string& who, const tls::Info& info) {
  std::string line = who + info.version + ", " + info.cipher;
  if (info.has_certificate)
    line += ", " + info.label + ", valid until " + info.not_after + ", sha256:" + info.sha256;
  if (!info.alpn.empty()) line += ", ALPN " + net::log::escaped(info.alpn);
  net::log::plain("%s", line.c_str());
}

void say_tls(const Options& options, const SockAddr& peer, const tls::Info& info, Elapsed elapsed) {
  if (options.json) return print_tls(event("tls", options, peer), info, elapsed);
  if (options.verbose > 0) print_tls_words("", info);
}

void say_proxy_tls(const Options& options, const Proxy& proxy, const tls::Info& info,
                   Elapsed elapsed) {
  if (options.json)
    return print_tls(JsonLine("tls").add("protocol", "tcp").add("proxy", proxy.where()), info,
                     elapsed);
  if (options.verbose > 0) print_tls_words("proxy " + proxy.where() + ": ", info);
}

void say_handshake_failed(const Options& options, const SockAddr& peer, const std::string& why) {
  if (options.json) return print(event("error", options, peer).add("message", why));
  if (options.verbose > 0)
    net::log::plain("Connection from %s %u failed: %s", name_of(options, peer).c_str(), peer.port(),
                    why.c_str());
}

void say_note(const Options& options, const std::string& sentence) {
  if (options.verbose > 0 && !options.json) net::log::error("%s", sentence.c_str());
}

void say_failed(const Options& options, const Outcome& outcome) {
  if (outcome.why.empty()) return;
  if (!options.json) return net::log::error("%s", outcome.why.c_str());
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

}  // namespace netcat
