#include "tools/netcat/verbose.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <cctype>

#include "common/log.h"

namespace netcat {

using net::SockAddr;

// The name that the address has, unless -n forbids to ask.
static std::string name_of(const Options& options, const SockAddr& address) {
  std::array<char, NI_MAXHOST> name;
  const int flags = options.numeric ? NI_NUMERICHOST : 0;
  const int failed =
      getnameinfo(address.get(), address.size(), name.data(), name.size(), nullptr, 0, flags);
  return failed != 0 ? address.host() : name.data();
}

void say_connected(const Options& options, const SockAddr& peer) {
  if (options.unix_domain) return;
  const std::string ip = peer.host();
  const bool told = options.numeric || options.host == ip;
  const char* protocol = options.udp ? "udp" : "tcp";
  const servent* service = options.numeric ? nullptr : getservbyport(htons(peer.port()), protocol);
  net::log::plain("Connection to %s%s %u port [%s/%s] succeeded!", options.host.c_str(),
                  told ? "" : (" (" + ip + ")").c_str(), peer.port(), protocol,
                  service != nullptr ? service->s_name : "*");
}

void say_attempt_failed(const SockAddr& peer, net::Error e, const char* protocol) {
  std::string why = e.message();
  why[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(why[0])));
  if (peer.family() == AF_UNIX)
    return net::log::error("connect to %s failed: %s", peer.host().c_str(), why.c_str());
  net::log::error("connect to %s port %u (%s) failed: %s", peer.host().c_str(), peer.port(),
                  protocol, why.c_str());
}

void say_listening(const Options& options, const SockAddr& address) {
  if (options.unix_domain) {
    net::log::plain("Bound on %s", options.path.c_str());
    net::log::plain("Listening on %s", options.path.c_str());
  } else {
    net::log::plain("Listening on %s %u", name_of(options, address).c_str(), address.port());
  }
}

void say_bound(const Options& options, const SockAddr& address) {
  if (options.unix_domain)
    net::log::plain("Bound on %s", address.host().c_str());
  else
    net::log::plain("Bound on %s %u", name_of(options, address).c_str(), address.port());
}

void say_received(const Options& options, const SockAddr& peer) {
  if (options.unix_domain)
    net::log::plain("Connection received on %s", options.path.c_str());
  else
    net::log::plain("Connection received on %s %u", name_of(options, peer).c_str(), peer.port());
}

}  // namespace netcat
