#include "tools/passwordd/randomness.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>

namespace passwordd {

net::Error kernel_randomness(std::span<unsigned char> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return net::Error::from_errno();
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Randomness::~Randomness() { explicit_bzero(bytes_.data(), bytes_.size()); }

// The number of bytes that `more` characters are likely to need, so that a small answer takes one
// short call.
std::size_t Randomness::likely_bytes(const Charset& set, std::size_t more) {
  const std::size_t taken = 256 / set.size() * set.size();  // usable byte values, of 256
  return more * 256 / taken + more / 16 + 8;
}

std::uint32_t Randomness::below(std::uint32_t n, std::size_t more) {
  constexpr std::uint64_t kAll = std::uint64_t{1} << 32;
  const std::uint64_t fair = kAll / n * n;
  for (;;) {
    std::uint64_t drawn = 0;
    for (int i = 0; i < 4; ++i) {
      if (used_ == filled_ && !refill(4 * more)) return 0;
      drawn = drawn << 8 | bytes_[used_++];
    }
    if (drawn < fair) return static_cast<std::uint32_t>(drawn % n);
  }
}

bool Randomness::refill(std::size_t bytes) {
  if (error_) return false;
  filled_ = std::min(bytes, bytes_.size());
  used_ = 0;
  error_ = source_(std::span(bytes_).first(filled_));
  if (error_) filled_ = 0;
  return !error_;
}

}  // namespace passwordd
