// listen.h - netcat as a server: of one client, or with -k of any number at once.
#pragma once

#include "tools/netcat/relay.h"

namespace netcat {

// Listens, and relays.
net::Task<Outcome> listen(net::Loop& loop, const Options& options);

}  // namespace netcat
