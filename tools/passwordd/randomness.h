// randomness.h - random characters, only from the kernel's randomness.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/net/result.h"
#include "tools/passwordd/charset.h"

namespace passwordd {

// Fills all of `bytes`, or returns an error.
using Source = net::Error (*)(std::span<unsigned char> bytes);
// Uses getrandom(2); UV_EAGAIN early in the boot, while the kernel has not gathered enough
// randomness.
net::Error kernel_randomness(std::span<unsigned char> bytes);

// Random characters of one set.  It exists only while one request is answered, so that no random
// bytes are kept for the next; used bytes are wiped.
class Randomness {
 public:
  explicit Randomness(Source source) : source_(source) {}
  Randomness(const Randomness&) = delete;
  Randomness& operator=(const Randomness&) = delete;
  ~Randomness();

  // The next character; 0 after an error().  `more`: about how many more will be needed.
  char32_t next(const Charset& set, std::size_t more) {
    for (;;) {
      if (used_ == filled_ && !refill(likely_bytes(set, more))) return 0;
      if (const char32_t c = set.of(bytes_[used_++])) return c;
    }
  }
  // A uniformly distributed number below n; 0 after an error().  `more`: as above.
  std::uint32_t below(std::uint32_t n, std::size_t more);
  net::Error error() const { return error_; }

 private:
  static std::size_t likely_bytes(const Charset& set, std::size_t more);
  bool refill(std::size_t bytes);

  Source source_;
  std::size_t filled_ = 0;
  std::size_t used_ = 0;
  net::Error error_;
  std::array<unsigned char, 4096> bytes_;
};

}  // namespace passwordd
