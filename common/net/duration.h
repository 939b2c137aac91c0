// duration.h - points in time, and the type of durations that all waits take.
#pragma once

#include <chrono>

namespace net {

using Millis = std::chrono::milliseconds;
using TimePoint = std::chrono::steady_clock::time_point;

inline constexpr Millis kForever{-1};

}  // namespace net
