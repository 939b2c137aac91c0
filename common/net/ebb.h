// ebb.h - returns memory to the system when many clients have left.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstddef>

namespace net {

// Counts bytes in use by one loop.  When three quarters of many bytes have been freed, free pages
// are returned: glibc by itself keeps small free blocks, and all pages below one that is in use.
class Ebb {
 public:
  void rise(std::size_t bytes) {
    used_ += bytes;
    high_ = std::max(high_, used_);
  }
  void fall(std::size_t bytes) {
    constexpr std::size_t kMany = std::size_t{1} << 20;
    used_ -= bytes;
    if (high_ < kMany || used_ > high_ / 4) return;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    high_ = used_;
  }

 private:
  std::size_t used_ = 0;
  std::size_t high_ = 0;  // since the last time
};

}  // namespace net
