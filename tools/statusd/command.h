// command.h - runs a shell command while the loop continues.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/net/timer.h"

namespace statusd {

// Returns its exit status, or another value of Check::outcome.  It has no input, and its output is
// discarded.  After `timeout`, or when the loop is cancelled, it and everything it has started are
// killed.  `group` is its process group while it runs, and 0 afterwards.
net::Task<int> run_command(net::Loop& loop, std::string command, net::Millis timeout, pid_t& group);

}  // namespace statusd
