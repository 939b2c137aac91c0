// tally.h - how much a connection has moved, and which side ended first.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/net/duration.h"

namespace netcat {

struct Tally {
  using Clock = std::chrono::steady_clock;
  enum Side { kNobody, kLocal, kPeer };

  std::uint64_t sent = 0;  // bytes
  std::uint64_t received = 0;
  Side first_end = kNobody;  // the side that ended first: by half-close, close or reset
  bool answered = true;      // false: the peer ended after our half-close without sending a byte
  bool peer_ended = false;
  bool input_open = false;  // the connection ended before the input
  net::TimePoint start = Clock::now();
  net::TimePoint end{};

  void ended_by(Side side) {
    if (first_end == kNobody) first_end = side;
  }
  std::chrono::duration<double, std::milli> elapsed() const {
    return (end == net::TimePoint() ? Clock::now() : end) - start;
  }
};

}  // namespace netcat
