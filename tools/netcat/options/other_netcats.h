// other_netcats.h - options that only other netcats have.
#pragma once

#include "common/cli/cli.h"

namespace netcat {

// Adds error messages for these options that name what to type instead.
void add_other_netcats(net::Cli& cli);

}  // namespace netcat
