// netns.h - runs scripts in their own network namespace, where packets can be dropped.
#pragma once

#include <string>

#include "process.h"

namespace e2e {

// Empty if network namespaces and nft work on this host; otherwise the reason.
std::string why_no_namespaces();

// Runs a bash script in a new network namespace: loopback is up, `localhost` is ::1 and 127.0.0.1,
// the shell function `drop ADDRESS PORT` drops packets of connections to that port, and there is no
// other network.
Outcome in_namespace(const std::string& script);

}  // namespace e2e
