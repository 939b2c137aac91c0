// open.h - the sockets of netcat -u, opened as the options say.
#pragma once

#include <vector>

#include "tools/netcat/datagram/datagram_socket.h"
#include "tools/netcat/options.h"
#include "tools/netcat/relay/outcome.h"

namespace netcat {

struct Datagrams {
  std::vector<DatagramSocket> sockets;  // to receive from; a client's: one for each address
  net::SockAddr to;                     // where to send; empty: connected, or not known yet
};

// Connects, or binds with listen; with -v, reports it.
net::Task<Outcome> open_datagrams(net::Loop& loop, const Options& options, Datagrams& opened);

net::ListenOptions datagram_options(const Options& options);
// The local end of a client: the first source of the family, or the system's choice.
net::Result<net::Fd> bind_client(const Options& options, const std::vector<net::SockAddr>& sources,
                                 int family);

}  // namespace netcat
