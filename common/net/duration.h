// duration.h - points in time, and lengths of time as every wait takes them.
#pragma once

#include <chrono>

namespace net {

using Millis = std::chrono::milliseconds;
using TimePoint = std::chrono::steady_clock::time_point;

inline constexpr Millis kForever{-1};

}  // namespace net
