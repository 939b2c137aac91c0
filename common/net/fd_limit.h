// fd_limit.h - how many descriptors the process may have.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/net/result.h"

namespace net {

// The soft limit raised to the hard one: clients are descriptors.
void raise_descriptor_limit();
// Restores the original limit for as long as it lives, for a program to inherit: some programs
// close every descriptor up to the limit, or cannot use numbers above 1023.
class OriginalDescriptorLimit {
 public:
  OriginalDescriptorLimit();
  OriginalDescriptorLimit(const OriginalDescriptorLimit&) = delete;
  OriginalDescriptorLimit& operator=(const OriginalDescriptorLimit&) = delete;
  ~OriginalDescriptorLimit();
};
// Success if `n` more descriptors can be opened now; else UV_EMFILE and the like.
Error can_open(std::size_t n);
// The clients that the limit has room for, at least 1.
std::uint64_t clients_possible();

}  // namespace net
