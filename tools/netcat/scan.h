// scan.h - which ports are open: netcat -z.
#pragma once

#include "tools/netcat/session.h"

namespace netcat {

// Connects to every port, or to the Unix-domain socket, and sends nothing but, with --tls, a
// handshake; UDP ports are probed.  With -v every port has its report, in the order of
// options.ports unless that is to be random.  Success: one was open, and its handshake good.
net::Task<Outcome> scan(Session& session);

}  // namespace netcat
