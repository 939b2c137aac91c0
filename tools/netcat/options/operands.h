// operands.h - the operands: where to connect or to listen.
#pragma once

#include <string>
#include <vector>

#include "common/cli/cli.h"
#include "tools/netcat/options.h"

namespace netcat {

// Accepts HOST PORT, HOST:PORT or, to listen, PORT or HOST:PORT; with -l also the options -p and
// -s; with -z several ports; with -U a path.  A usage error ends the process.
void take_operands(const net::Cli& cli, const std::vector<std::string>& operands, Options& o);

}  // namespace netcat
