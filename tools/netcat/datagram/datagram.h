// datagram.h - datagrams: netcat -u, as client, as server, and as a scanner of UDP ports.
#pragma once

#include "tools/netcat/relay/outcome.h"
#include "tools/netcat/session.h"

namespace netcat {

// Standard input becomes datagrams to the peer, and what the peer sends goes to standard output,
// whole datagrams at a time.
net::Task<Outcome> exchange_datagrams(Session& session);

}  // namespace netcat
