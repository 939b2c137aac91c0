// connect.h - netcat as a client.
#pragma once

#include "tools/netcat/channel/stdio.h"
#include "tools/netcat/session.h"

namespace netcat {

// Connects and relays.
net::Task<Outcome> connect(Session& session, Stdio& local);

}  // namespace netcat
