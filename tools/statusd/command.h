// command.h - a shell command, run beside everything else.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/net/timer.h"

namespace statusd {

// Its exit status, or another value of Check::outcome.  It has no input, its output is discarded.
// After `timeout`, or when the loop is cancelled, it and what it has started are killed.  `group`
// is its process group while it runs, and 0 afterwards.
net::Task<int> run_command(net::Loop& loop, std::string command, net::Millis timeout, pid_t& group);

}  // namespace statusd
