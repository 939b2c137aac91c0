// lookup.h - resolves names to addresses and back, while the loop keeps running.
#pragma once

#include <string>
#include <vector>

#include "common/net/address.h"
#include "common/net/timer.h"

namespace net {

// Every stream address of the name; for an empty host those to listen on.  UV_EAI_* if there is
// none, UV_ENODEV if the interface of V6%ZONE does not exist, UV_ETIMEDOUT.
Task<Result<std::vector<SockAddr>>> lookup(Loop& loop, std::string host, std::uint16_t port,
                                           int family, bool numeric, Deadline deadline);

// The name of an address; empty if it has none, or if the look-up takes longer than `limit`.
Task<std::string> reverse_lookup(Loop& loop, SockAddr address, Millis limit);

}  // namespace net
