// fine_timer.h - waits of less than a millisecond, which the loop's timers do not support.
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

  // Waits for `time`, at most one second.
  net::Task<> wait(std::chrono::duration<double> time) {
    itimerspec spec{};
    spec.it_value.tv_nsec = std::max(1L, static_cast<long>(time.count() * 1e9));
    if (timerfd_settime(fd_.get(), 0, &spec, nullptr) != 0) co_return;
    (void)co_await watch_.readable();  // the caller checks for cancellation
  }

 private:
  net::Fd fd_;
  net::Watch watch_;
};

}  // namespace netcat
