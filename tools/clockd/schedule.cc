#include "tools/clockd/schedule.h"

#include <algorithm>

namespace clockd {

std::optional<Schedule::Index> Schedule::due(Time now) {
  const Index index = index_of(now);
  if (index > last_) return last_ = now - time_of(last_ + 1) < kLate ? last_ + 1 : index;
  if (time_of(last_) - now > kHold) last_ = index;
  return std::nullopt;
}

net::Millis Schedule::wait(Time now) const {
  const auto left = std::chrono::ceil<net::Millis>(time_of(last_ + 1) - now);
  return std::clamp(left, net::Millis::zero(), kLook);
}

}  // namespace clockd
