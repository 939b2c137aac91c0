// scan.h - checks which ports are open: netcat -z.
#pragma once

#include "tools/netcat/session.h"

namespace netcat {

// Connects to every port, or to the Unix-domain socket, and sends nothing except, with --tls, a
// handshake; UDP ports are probed.  With -v every port is reported, in the order of options.ports
// unless that is to be random.  Success if one was open and its handshake succeeded.
net::Task<Outcome> scan(Session& session);

}  // namespace netcat
