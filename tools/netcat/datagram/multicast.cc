#include "tools/netcat/datagram/multicast.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/net/socket_option.h"

namespace netcat {

using net::Error;
using net::SockAddr;

static const sockaddr_in& v4(const SockAddr& address) {
  return *reinterpret_cast<const sockaddr_in*>(address.get());
}

static const sockaddr_in6& v6(const SockAddr& address) {
  return *reinterpret_cast<const sockaddr_in6*>(address.get());
}

bool is_multicast(const SockAddr& address) {
  if (address.family() == AF_INET) return IN_MULTICAST(ntohl(v4(address).sin_addr.s_addr));
  return address.family() == AF_INET6 && IN6_IS_ADDR_MULTICAST(&v6(address).sin6_addr);
}

Error take_interface(std::string& host, Interface& interface) {
  const std::size_t percent = host.find('%');
  if (percent == host.npos) return {};
  const std::string name = host.substr(percent + 1);
  const unsigned index = if_nametoindex(name.c_str());
  const auto address = SockAddr::numeric(host.substr(0, percent), 0);
  const bool is_v4 = address && address->family() == AF_INET;
  if (!address || (is_v4 && !is_multicast(*address))) return {};  // a name; the look-up will fail
  std::uint64_t number = 0;
  const bool numeric = net::parse_number(name, 1, UINT32_MAX, number);
  if (index == 0 && !numeric) return UV_ENODEV;
  interface.index = index != 0 ? index : static_cast<unsigned>(number);
  if (is_v4) host.resize(percent);
  return {};
}

// IPv6 options take the number of an interface, not its address.
static unsigned index_of(const SockAddr& local) {
  unsigned index = 0;
  ifaddrs* list = nullptr;
  if (local.size() == 0 || getifaddrs(&list) != 0) return 0;
  for (const ifaddrs* i = list; i != nullptr && index == 0; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET6) continue;
    const auto& address = reinterpret_cast<const sockaddr_in6*>(i->ifa_addr)->sin6_addr;
    if (IN6_ARE_ADDR_EQUAL(&address, &v6(local).sin6_addr)) index = if_nametoindex(i->ifa_name);
  }
  freeifaddrs(list);
  return index;
}

static unsigned index_for(const SockAddr& group, const Interface& interface) {
  if (v6(group).sin6_scope_id != 0) return v6(group).sin6_scope_id;
  return interface.index != 0 ? interface.index : index_of(interface.address);
}

static ip_mreqn request_of(const SockAddr& group, const Interface& interface) {
  ip_mreqn request{};
  request.imr_multiaddr = v4(group).sin_addr;
  request.imr_ifindex = static_cast<int>(interface.index);
  if (interface.address.family() == AF_INET) request.imr_address = v4(interface.address).sin_addr;
  return request;
}

Error join_group(int fd, const SockAddr& group, const Interface& interface) {
  if (group.family() == AF_INET)
    return net::set_option(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request_of(group, interface));
  ipv6_mreq request{};
  request.ipv6mr_multiaddr = v6(group).sin6_addr;
  request.ipv6mr_interface = index_for(group, interface);
  return net::set_option(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, request);
}

Error send_to_group(int fd, const SockAddr& group, const Interface& interface, int ttl) {
  Error e;
  const bool chosen = interface.index != 0 || interface.address.size() != 0;
  if (group.family() == AF_INET) {
    if (chosen) e = net::set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, request_of(group, interface));
    if (!e && ttl != 0) e = net::set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl);
    return e;
  }
  const unsigned index = index_for(group, interface);
  if (index != 0) e = net::set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(index));
  if (!e && ttl != 0) e = net::set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl);
  return e;
}

}  // namespace netcat
