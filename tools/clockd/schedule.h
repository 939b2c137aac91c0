// schedule.h - when to tick: on the wall clock's multiples of an interval, even if the clock is
// set.
#pragma once

#include <optional>

#include "common/net/duration.h"
#include "tools/clockd/time_format.h"

namespace clockd {

// Pure: the caller reads the clock.  Each boundary that the clock reaches is ticked once, in order:
// - a timer that is up to kLate late skips nothing: each boundary that is due is ticked in turn;
// - after the clock was set forward, ticks follow its new time; the boundaries that it skipped are
//   not ticked;
// - after it was set back by up to kHold (a leap second, a correction), ticks pause until it has
//   caught up;
// - after it was set back further, ticks go on at the next boundary of its new time.
class Schedule {
 public:
  using Index = std::int64_t;  // the number of a boundary since 1970
  static constexpr net::Millis kLate{20};
  static constexpr net::Millis kHold{2'000};
  static constexpr net::Millis kLook{10'000};  // a change of the clock is noticed within this time

  Schedule(net::Millis interval, Time now) : interval_(interval), last_(index_of(now)) {}

  Index index_of(Time time) const {
    const Time whole = std::chrono::floor<std::chrono::milliseconds>(time);
    const auto rest = whole.time_since_epoch() % interval_;
    const Index index = whole.time_since_epoch() / interval_;
    return rest.count() < 0 ? index - 1 : index;
  }
  Time time_of(Index index) const { return Time(index * interval_); }

  // The tick that is due, if one is.
  std::optional<Index> due(Time now);
  // How long to wait before calling due() again; zero: the next tick is already due.
  net::Millis wait(Time now) const;

 private:
  net::Millis interval_;
  Index last_;
};

}  // namespace clockd
