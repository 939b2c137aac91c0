// call_filter.h - has the kernel refuse system calls that a daemon never needs (seccomp(2)).
#pragma once

#include <linux/filter.h>

#include <vector>

#include "common/net/result.h"

namespace net {

// The filter's program.  Refused calls fail with EPERM: new programs and processes, access to other
// processes, mounts, the kernel's own settings and, unless the daemon `dials`, new sockets and
// connections.  Empty: this processor is not supported.
std::vector<sock_filter> call_filter(bool dials);

// Installs the filter in all threads, permanently; the process must have set no_new_privs.
Error filter_calls(bool dials);

}  // namespace net
