// fine_timer.h - waiting for less than a millisecond, which is all that the loop's timers know.
#pragma once

#include <sys/timerfd.h>

#include <algorithm>
#include <chrono>

#include "common/net/fd.h"
#include "common/net/watch.h"

namespace netcat {

class FineTimer {
 public:
  explicit FineTimer(net::Loop& loop)
      : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)), watch_(loop, fd_.get()) {}

  // At most a second.
  net::Task<> wait(std::chrono::duration<double> time) {
    itimerspec spec{};
    spec.it_value.tv_nsec = std::max(1L, static_cast<long>(time.count() * 1e9));
    if (timerfd_settime(fd_.get(), 0, &spec, nullptr) != 0) co_return;
    (void)co_await watch_.readable();  // the caller's loop sees why if it is cancelled
  }

 private:
  net::Fd fd_;
  net::Watch watch_;
};

}  // namespace netcat
