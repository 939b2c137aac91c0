// randomness.h - random characters, from the kernel's randomness and nothing else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/net/result.h"
#include "tools/passwordd/charset.h"

namespace passwordd {

// Fills all of it, or returns why it cannot.
using Source = net::Error (*)(std::span<unsigned char> bytes);
// getrandom(2); UV_EAGAIN while the kernel has not gathered enough yet, early in its boot.
net::Error kernel_randomness(std::span<unsigned char> bytes);

// Random characters of one set.  It lives no longer than it takes to answer one request: no random
// byte waits in memory for the next, and what was used is wiped.
class Randomness {
 public:
  explicit Randomness(Source source) : source_(source) {}
  Randomness(const Randomness&) = delete;
  Randomness& operator=(const Randomness&) = delete;
  ~Randomness();

  // The next character; 0 on error(), from then on.  `more`: about how many will be asked for.
  char32_t next(const Charset& set, std::size_t more) {
    for (;;) {
      if (used_ == filled_ && !refill(likely_bytes(set, more))) return 0;
      if (const char32_t c = set.of(bytes_[used_++])) return c;
    }
  }
  // A number below n, each with the same probability; 0 on error().  `more`: as above.
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
