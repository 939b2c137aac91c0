// open.h - opens the sockets of netcat -u according to the options.
#pragma once

#include <vector>

#include "tools/netcat/datagram/datagram_socket.h"
#include "tools/netcat/options.h"
#include "tools/netcat/relay/outcome.h"

namespace netcat {

struct Datagrams {
  std::vector<DatagramSocket> sockets;  // to receive from; a client has one per address
  net::SockAddr to;                     // the destination; empty: connected, or not known yet
};

// Connects, or binds with --listen; reports it with -v.
net::Task<Outcome> open_datagrams(net::Loop& loop, const Options& options, Datagrams& opened);

net::ListenOptions datagram_options(const Options& options);
// Binds a client's socket to the first source of the family, or lets the system choose.
net::Result<net::Fd> bind_client(const Options& options, const std::vector<net::SockAddr>& sources,
                                 int family);
// Connects a client's socket.  UV_ECONNREFUSED: to itself, because it has the destination's address
// and port, so that no other process can have them.
net::Error connect_to_other(DatagramSocket& client, const net::SockAddr& peer);

}  // namespace netcat
