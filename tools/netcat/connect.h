// connect.h - netcat as a client.
#pragma once

#include "tools/netcat/channel/stdio.h"
#include "tools/netcat/session.h"

namespace netcat {

class Programs;

// Connects and relays.
net::Task<Outcome> connect(Session& session, Stdio& local);
// Connects, and runs the program.
net::Task<Outcome> connect(Session& session, Programs& programs);

}  // namespace netcat
