#include "tools/netcat/report.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <cctype>

#include "common/cli/log.h"
#include "common/net/lookup.h"
#include "tools/netcat/tls/engine.h"

namespace netcat {

using net::Error;
using net::SockAddr;

constexpr net::Millis kNameLimit{1'000};

net::Task<std::string> name_to_say(net::Loop& loop, const Options& options, SockAddr address) {
  const std::string host = address.host();
  const bool says = options.verbose > 0 && !options.json;
  if (!says || options.numeric || options.unix_domain || host == "0.0.0.0" || host == "::")
    co_return host;
  std::string name = co_await net::reverse_lookup(loop, address, kNameLimit);
  co_return name.empty() ? host : name;
}

net::Task<std::string> own_name_to_say(net::Loop& loop, const Options& options, SockAddr address) {
  std::string name = address.host();
  if (name == "127.0.0.1" || name == "::1") name = co_await name_to_say(loop, options, address);
  co_return name;
}

// "localhost 80".  A connection that was reset before accept(2) may have no address.
static std::string place_of(const std::string& host, const SockAddr& peer) {
  return peer.size() == 0 ? "an unknown address" : host + " " + std::to_string(peer.port());
}

void say_resolved(const Options& options, const std::vector<SockAddr>& addresses, Elapsed elapsed) {
  if (options.json) events::resolved(options, addresses, elapsed);
}

void say_attempt(const Options& options, const SockAddr& peer, Error e, Elapsed elapsed) {
  if (options.json) events::attempt(options, peer, e, elapsed);
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
  if (options.json) events::probed(options, peer, e, answered, elapsed);
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
  if (options.json) return events::connected(options, peer, local);
  if (options.verbose == 0 || options.unix_domain) return;
  net::log::plain("Connection to %s succeeded!", port_of(options, peer).c_str());
}

void say_tunnelled(const Options& options, std::uint16_t port, const SockAddr& peer,
                   const SockAddr& local) {
  if (options.json) return events::tunnelled(options, port, peer, local);
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
  if (options.json) events::hop(proxy, to, failure, elapsed);
}

void say_listening(const Options& options, const SockAddr& address, const std::string& name) {
  if (options.json) return events::listening(options, address);
  if (options.verbose == 0) return;
  if (options.unix_domain) {
    net::log::plain("Bound on %s", options.path.c_str());
    net::log::plain("Listening on %s", options.path.c_str());
  } else {
    net::log::plain("Listening on %s %u", name.c_str(), address.port());
  }
}

void say_bound(const Options& options, const SockAddr& address, const std::string& name) {
  if (options.json && options.listen) return events::listening(options, address);
  if (options.json || options.verbose == 0) return;
  if (options.unix_domain)
    net::log::plain("Bound on %s", address.host().c_str());
  else
    net::log::plain("Bound on %s %u", name.c_str(), address.port());
}

void say_received(const Options& options, const SockAddr& peer, const SockAddr& local,
                  const std::string& name) {
  if (options.json) return events::received(options, peer, local);
  if (options.verbose == 0) return;
  if (options.unix_domain)
    net::log::plain("Connection received on %s", options.path.c_str());
  else
    net::log::plain("Connection received on %s",
                    place_of(name.empty() ? peer.host() : name, peer).c_str());
}

void say_denied(const Options& options, const SockAddr& peer) {
  if (options.json) return events::denied(options, peer);
  if (options.verbose > 0)
    net::log::plain("Connection denied from %s", place_of(peer.host(), peer).c_str());
}

void say_closed(const Options& options, const SockAddr& peer, const Tally& tally,
                const Outcome& outcome, const std::string& tls_end) {
  if (options.json) return events::closed(options, peer, tally, outcome, tls_end);
  if (options.verbose > 0 && outcome.status == net::kOk && tally.input_open)
    net::log::plain("Connection closed: input still open");
  if (options.verbose > 0 && !tally.answered && tally.sent > 0)  // no data, no answer expected
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
    events::error(options, peer, sentence);
  else if (peer.size() == 0)
    net::log::error("%s", sentence.c_str());
  else
    net::log::error("%s: %s", peer.to_string().c_str(), sentence.c_str());
}

// --- TLS ---

void say_certificate(const Options& options, const std::string& sha256) {
  if (options.json) return events::certificate(sha256);
  net::log::error("certificate sha256:%s", sha256.c_str());
}

static void print_tls_words(const std::string& who, const tls::Info& info) {
  std::string line = who + info.version + ", " + info.cipher;
  if (info.has_certificate)
    line += ", " + info.label + ", valid until " + info.not_after + ", sha256:" + info.sha256;
  if (!info.alpn.empty()) line += ", ALPN " + net::log::escaped(info.alpn);
  net::log::plain("%s", line.c_str());
}

void say_tls(const Options& options, const SockAddr& peer, const tls::Info& info, Elapsed elapsed) {
  if (options.json) return events::tls(options, peer, info, elapsed);
  if (options.verbose > 0) print_tls_words("", info);
}

void say_proxy_tls(const Options& options, const Proxy& proxy, const tls::Info& info,
                   Elapsed elapsed) {
  if (options.json) return events::proxy_tls(proxy, info, elapsed);
  if (options.verbose > 0) print_tls_words("proxy " + proxy.where() + ": ", info);
}

void say_handshake_failed(const Options& options, const SockAddr& peer, const std::string& name,
                          const std::string& why) {
  if (options.json) return events::error(options, peer, why);
  if (options.verbose == 0) return;
  const std::string who = options.unix_domain ? options.path : place_of(name, peer);
  net::log::plain("Connection from %s failed: %s", who.c_str(), why.c_str());
}

void say_note(const Options& options, const std::string& sentence) {
  if (options.verbose > 0 && !options.json) net::log::error("%s", sentence.c_str());
}

void say_failed(const Options& options, const Outcome& outcome) {
  if (outcome.why.empty()) return;
  if (options.json)
    events::failed(options, outcome);
  else
    net::log::error("%s", outcome.why.c_str());
}

}  // namespace netcat
