// moderation.h - when to let datagrams gather before the next read.  Pure.
#pragma once

#include <chrono>
#include <cstddef>

namespace netcat {

// A wake-up costs as much as a dozen datagrams.  When they come fast, a receiver that is woken for
// each of them does little else; one that pauses for a millisecond takes hundreds at a time.  It
// may do so only while the socket's buffer holds what comes meanwhile.
class Moderation {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kPause{1};

  // What the kernel charges to the receive buffer: `buffer` bytes in all.
  Moderation(std::size_t buffer, Time now) : buffer_(buffer), start_(now) {}

  // So much was received by now.  True: pause before the next read.
  bool pause(Time now, std::size_t datagrams, std::size_t bytes) {
    datagrams_ += datagrams;
    bytes_ += bytes;
    const auto elapsed = now - start_;
    if (elapsed < kPause) return false;
    const auto pauses = std::chrono::duration<double>(elapsed) / kPause;
    const double count = static_cast<double>(datagrams_) / pauses;
    const double cost = static_cast<double>(bytes_ + datagrams_ * kOverhead) / pauses;
    start_ = now;
    datagrams_ = bytes_ = 0;
    return count >= kFast && cost * kMargin <= static_cast<double>(buffer_);
  }

 private:
  static constexpr double kFast = 32;              // datagrams in the time of a pause
  static constexpr double kMargin = 4;             // a pause may last longer than it should
  static constexpr std::size_t kOverhead = 1'024;  // bytes, at most, that the kernel adds to each

  std::size_t buffer_;
  Time start_;
  std::size_t datagrams_ = 0;  // since start_
  std::size_t bytes_ = 0;
};

}  // namespace netcat
