// lookup.h - resolves names to addresses and back, while the loop keeps running.
#pragma once

#include <string>
#include <vector>

#include "common/net/address.h"
#include "common/net/timer.h"

namespace net {

// Every stream address of the name; host empty: those to listen on.  UV_EAI_* where there is none,
// UV_ENODEV for V6%ZONE without such an interface, UV_ETIMEDOUT.
Task<Result<std::vector<SockAddr>>> lookup(Loop& loop, std::string host, std::uint16_t port,
                                           int family, bool numeric, Deadline deadline);

// The name of an address; empty if it has none, or none is known within `limit`.
Task<std::string> reverse_lookup(Loop& loop, SockAddr address, Millis limit);

}  // namespace net
