// pass_fd.h - passing a connected socket to another process: --pass-fd, ssh's ProxyUseFdpass.
#pragma once

#include "common/net/fd.h"
#include "tools/netcat/channel/channel.h"
#include "tools/netcat/relay/outcome.h"

namespace netcat {

// Sends the socket over standard output (SCM_RIGHTS), in blocking mode like a new socket.
net::Task<Outcome> pass_fd(Channel& output, int socket);

}  // namespace netcat
