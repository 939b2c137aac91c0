// connect.h - netcat as a client.
#pragma once

#include "tools/netcat/relay.h"

namespace netcat {

// Connects and relays.
net::Task<Outcome> connect(net::Loop& loop, const Options& options);

}  // namespace netcat
