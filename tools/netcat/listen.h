// listen.h - netcat as a server: one client or, with -k, any number at once.
#pragma once

#include <vector>

#include "common/net/listener.h"
#include "tools/netcat/channel/stdio.h"
#include "tools/netcat/program/programs.h"
#include "tools/netcat/session.h"

namespace netcat {

// Binds a socket for each address to listen on.
net::Task<Outcome> bind_all(net::Loop& loop, const Options& options, net::ListenOptions how,
                            net::Deadline deadline, std::vector<net::Fd>& bound);
// Listens and relays.
net::Task<Outcome> listen(Session& session, Stdio& local);
// Listens and runs a program for each client.
net::Task<Outcome> listen(Session& session, Programs& programs);

}  // namespace netcat
