// netns.h - scripts in a network of their own, where packets can be made to vanish.
#pragma once

#include <string>

#include "process.h"

namespace e2e {

// Empty when network namespaces with nft can be had here, or the reason why not.
std::string why_no_namespaces();

// Runs a bash script in a new network namespace: loopback is up, `localhost` is ::1 and 127.0.0.1,
// the shell function `drop ADDRESS PORT` makes connections there vanish, and nothing else is there.
Outcome in_namespace(const std::string& script);

}  // namespace e2e
