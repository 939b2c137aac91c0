// pace.h - input one line at a time, with a pause between lines: netcat -i.
#pragma once

#include <string_view>

#include "common/net/timer.h"

namespace netcat {

class Pace {
 public:
  // interval: zero sends everything at once.
  Pace(net::Loop& loop, net::Millis interval) : loop_(loop), interval_(interval), timer_(loop) {}
  bool is_set() const { return interval_ > net::Millis::zero(); }

  // Removes from `data`, and returns, what is sent next: a whole line, or the beginning of one.
  std::string_view take(std::string_view& data) const;
  // Waits until that may be sent, or for cancel().
  net::Task<> wait();
  // Called after it was sent; if it ended a line, the pause begins.
  void sent(bool line_ended);

  void cancel() { timer_.wake(); }

 private:
  net::Loop& loop_;
  net::Millis interval_;
  net::Timer timer_;
  bool line_ended_ = false;
  net::TimePoint next_;  // the earliest time for the next line
};

}  // namespace netcat
