// duration.h - lengths of time, as every wait takes them.
#pragma once

#include <chrono>

namespace net {

using Millis = std::chrono::milliseconds;

inline constexpr Millis kForever{-1};

}  // namespace net
