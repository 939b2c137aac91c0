// fatal_signals.h - ending by a signal as if it were not caught, with something put in order
// before.
#pragma once

#include <functional>
#include <list>

#include "common/net/loop.h"

namespace netcat {

// SIGTERM, SIGINT, SIGHUP and SIGQUIT, from now until release(), which has to be awaited; but not
// one that is ignored, as nohup(1) has it.
class FatalSignals {
 public:
  FatalSignals(net::Loop& loop, std::function<void()> clean_up);
  net::Task<> release();

 private:
  net::Task<> die_of(net::Signal& signal, int number);

  std::function<void()> clean_up_;
  std::list<net::Signal> signals_;
  net::WaitGroup tasks_;
};

}  // namespace netcat
