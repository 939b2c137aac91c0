// rate_limit.h - a limit in bytes per second: netcat --rate.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "common/net/timer.h"

namespace netcat {

// Bytes per second: 500, 64K (or KiB), 1.5M, 2G in powers of 1024, kB, MB, GB in powers of 1000;
// false for anything else, and for 0.
bool parse_rate(std::string_view text, std::uint64_t& out);

class RateLimit {
 public:
  // 0: no limit.
  RateLimit(net::Loop& loop, std::uint64_t bytes_per_second)
      : loop_(loop), rate_(bytes_per_second), timer_(loop), next_(loop.now()) {}

  bool is_set() const { return rate_ > 0; }
  std::size_t chunk() const;  // the most bytes to send at a time: those of 0.05 s
  // Waits until some bytes may be sent, or for cancel().
  net::Task<> wait();
  void moved(std::size_t bytes);

  void cancel() { timer_.wake(); }

 private:
  net::Loop& loop_;
  std::uint64_t rate_;
  net::Timer timer_;
  net::TimePoint next_;  // the earliest time for the next bytes
};

}  // namespace netcat
