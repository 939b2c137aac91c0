// moderation.h - how long to let datagrams gather before the next read.  Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "common/net/duration.h"

namespace netcat {

// A wake-up costs as much as a dozen datagrams.  When they come fast, a receiver that is woken for
// each of them does little else; one that pauses takes a hundred at a time.  The pause is at most a
// millisecond, and short enough for the socket's buffer to hold what arrives meanwhile.
class Moderation {
 public:
  using Time = net::TimePoint;
  using Pause = std::chrono::duration<double>;  // seconds
  static constexpr Pause kMost = std::chrono::milliseconds(1);

  // `buffer`: the size in bytes, including the kernel's overhead.
  Moderation(std::size_t buffer, Time now) : buffer_(buffer), start_(now) {}

  void received(std::size_t datagrams, std::size_t bytes) {
    datagrams_ += datagrams;
    bytes_ += bytes;
  }
  // Called when the queue is empty.  Returns how long to pause before the next read, possibly zero.
  Pause pause(Time now) {
    const Pause elapsed = now - start_;
    if (elapsed < kMost) return pause_;
    const double datagrams = static_cast<double>(datagrams_) / elapsed.count();
    const double bytes = static_cast<double>(bytes_ + datagrams_ * kOverhead) / elapsed.count();
    pause_ = std::min(kMost, Pause(static_cast<double>(buffer_) / kMargin / std::max(bytes, 1.0)));
    if (datagrams * pause_.count() < kWorthwhile) pause_ = Pause(0);
    start_ = now;
    datagrams_ = bytes_ = 0;
    return pause_;
  }

 private:
  static constexpr double kWorthwhile = 16;        // datagrams that a pause must gather
  static constexpr double kMargin = 4;             // a pause may last longer than it should
  static constexpr std::size_t kOverhead = 1'024;  // the most bytes that the kernel adds to each

  std::size_t buffer_;
  Time start_;
  Pause pause_{0};
  std::size_t datagrams_ = 0;  // since start_
  std::size_t bytes_ = 0;
};

}  // namespace netcat
