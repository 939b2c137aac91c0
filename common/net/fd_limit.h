// fd_limit.h - the limit on the process's descriptors (RLIMIT_NOFILE).
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/net/result.h"

namespace net {

// Raises the soft limit to the hard one, because each client needs a descriptor.
void raise_descriptor_limit();
// Restores the original limit while it exists, so that a program that is started inherits it: some
// programs close every descriptor up to the limit, or cannot use numbers above 1023.
class OriginalDescriptorLimit {
 public:
  OriginalDescriptorLimit();
  OriginalDescriptorLimit(const OriginalDescriptorLimit&) = delete;
  OriginalDescriptorLimit& operator=(const OriginalDescriptorLimit&) = delete;
  ~OriginalDescriptorLimit();
};
// Success if `n` more descriptors can be opened now; otherwise UV_EMFILE or a similar error.
Error can_open(std::size_t n);
// The number of clients that the limit allows, at least 1.
std::uint64_t clients_possible();

}  // namespace net
