// pass_fd.h - passing a connected socket to another process: --pass-fd, ssh's ProxyUseFdpass.
#pragma once

#include "common/net/fd.h"
#include "common/net/watch.h"
#include "tools/netcat/relay/outcome.h"

namespace netcat {

// Sends the socket over standard output (SCM_RIGHTS), blocking as a new socket is.
net::Task<Outcome> pass_fd(net::Loop& loop, int socket);

}  // namespace netcat
