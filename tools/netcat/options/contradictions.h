// contradictions.h - options that do not work together.
#pragma once

#include "common/cli/cli.h"
#include "tools/netcat/options.h"

namespace netcat {

// A usage error names both options as they were typed.
void check_contradictions(const net::Cli& cli, const Options& options);

}  // namespace netcat
