// reconnect.h - netcat as a client that connects again whenever the connection ends: --reconnect.
#pragma once

#include "tools/netcat/channel/stdio.h"
#include "tools/netcat/session.h"

namespace netcat {

// Runs until standard input has ended and the peer's host has acknowledged all of it.
net::Task<Outcome> reconnect(Session& session, Stdio& local);

}  // namespace netcat
