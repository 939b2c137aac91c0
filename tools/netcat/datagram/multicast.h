// multicast.h - multicast groups: joined by a listener, sent to by a client.
#pragma once

#include <string>

#include "common/net/address.h"

namespace netcat {

bool is_multicast(const net::SockAddr& address);

// The network interface for a group, given by a local address or its number, or neither (then the
// routing table decides).
struct Interface {
  net::SockAddr address;
  unsigned index = 0;
};

// "239.1.2.3%eth0": removes "%eth0" from an IPv4 group.  In an IPv6 address it is part of the
// address, and stays.  UV_ENODEV: unknown interface.
net::Error take_interface(std::string& host, Interface& interface);

// Receives what is sent to the group that the socket is bound to.
net::Error join_group(int fd, const net::SockAddr& group, const Interface& interface);
// Sends datagrams to the group through this interface, with this time to live unless it is 0.
net::Error send_to_group(int fd, const net::SockAddr& group, const Interface& interface, int ttl);

}  // namespace netcat
