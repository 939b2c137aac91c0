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

// As many bytes as `more` characters are likely to take, so that a small answer is one short call.
bool Randomness::refill(const Charset& set, std::size_t more) {
  if (error_) return false;
  const std::size_t taken = 256 / set.size() * set.size();  // of 256 byte values
  const std::size_t likely = more * 256 / taken + more / 16 + 8;
  filled_ = std::min(likely, bytes_.size());
  used_ = 0;
  error_ = source_(std::span(bytes_).first(filled_));
  if (error_) filled_ = 0;
  return !error_;
}

}  // namespace passwordd
