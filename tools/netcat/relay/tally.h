// tally.h - what a connection has moved, and which side was the first to end.
#pragma once

#include <chrono>
#include <cstdint>

namespace netcat {

struct Tally {
  using Clock = std::chrono::steady_clock;
  enum Side { kNobody, kLocal, kPeer };

  std::uint64_t sent = 0;  // bytes
  std::uint64_t received = 0;
  Side first_end = kNobody;  // half-closed, closed or reset the connection
  Clock::time_point start = Clock::now();

  void ended_by(Side side) {
    if (first_end == kNobody) first_end = side;
  }
  std::chrono::duration<double, std::milli> elapsed() const { return Clock::now() - start; }
};

}  // namespace netcat
