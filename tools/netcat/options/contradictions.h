// contradictions.h - options that do not work together.
#pragma once

#include "common/cli/cli.h"
#include "tools/netcat/options.h"

namespace netcat {

// Ends the process with a usage error that names both options as they were typed.
void check_contradictions(const net::Cli& cli, const Options& options);

}  // namespace netcat
