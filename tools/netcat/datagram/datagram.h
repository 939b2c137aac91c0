// datagram.h - datagrams: netcat -u, as client and as server.
#pragma once

#include "tools/netcat/relay/outcome.h"
#include "tools/netcat/session.h"

namespace netcat {

// One read of standard input is one datagram to the peer; what the peer sends goes to standard
// output, whole datagrams at a time.
net::Task<Outcome> exchange_datagrams(Session& session);

}  // namespace netcat
