// call_filter.h - system calls that a daemon has no use for, refused by the kernel (seccomp(2)).
#pragma once

#include <linux/filter.h>

#include <vector>

#include "common/net/result.h"

namespace net {

// The filter's program.  What it refuses fails with EPERM: new programs and processes, access to
// other processes, mounts, the kernel's own settings and, unless the daemon `dials`, new sockets
// and connections.  Empty: it is not written for this processor.
std::vector<sock_filter> call_filter(bool dials);

// Installs it in all threads, for good; the process needs no_new_privs.
Error filter_calls(bool dials);

}  // namespace net
