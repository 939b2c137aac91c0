// relay.h - standard input to the peer and the peer to standard output, until both have ended.
#pragma once

#include "common/net/descriptor.h"
#include "tools/netcat/relay/outcome.h"
#include "tools/netcat/session.h"

namespace netcat {

// Relays until the connection is over.
net::Task<Outcome> relay(Session& session, net::Fd socket);

}  // namespace netcat
