// datagram.h - netcat -u: as client, as server, and scanning UDP ports.
#pragma once

#include "tools/netcat/relay/outcome.h"
#include "tools/netcat/session.h"

namespace netcat {

// Sends standard input to the peer as datagrams, and writes the datagrams of the peer to standard
// output, each one whole.
net::Task<Outcome> exchange_datagrams(Session& session);

}  // namespace netcat
