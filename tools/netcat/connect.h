// connect.h - netcat as a client.
#pragma once

#include "tools/netcat/relay/relay.h"

namespace netcat {

// Connects and relays.
net::Task<Outcome> connect(Session& session);

}  // namespace netcat
