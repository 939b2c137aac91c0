// fatal_signals.h - ending by a signal as if it were not caught, with something put in order
// before.
#pragma once

#include <functional>

#include "common/loop.h"

namespace netcat {

// SIGTERM, SIGINT and SIGHUP, from now until release(), which has to be awaited.
class FatalSignals {
 public:
  FatalSignals(net::Loop& loop, std::function<void()> clean_up);
  net::Task<> release();

 private:
  net::Task<> die_of(net::Signal& signal, int number);

  std::function<void()> clean_up_;
  net::Signal terminate_;
  net::Signal interrupt_;
  net::Signal hangup_;
  net::WaitGroup tasks_;
};

}  // namespace netcat
