// fatal_signals.h - ending by a signal, after cleaning up.
#pragma once

#include <functional>
#include <list>

#include "common/net/loop.h"

namespace netcat {

// SIGTERM, SIGINT, SIGHUP and SIGQUIT, from now until release(), which has to be awaited; but not
// one that is ignored, as after nohup(1).  Each is passed to `on_signal`; true: the process ends by
// it.
class FatalSignals {
 public:
  FatalSignals(net::Loop& loop, std::function<bool(int number)> on_signal);
  FatalSignals(net::Loop& loop, std::function<void()> clean_up)  // the process always ends by it
      : FatalSignals(loop, [clean_up](int) { return clean_up(), true; }) {}
  net::Task<> release();

 private:
  net::Task<> die_of(net::Signal& signal, int number);

  std::function<bool(int number)> on_signal_;
  std::list<net::Signal> signals_;
  net::WaitGroup tasks_;
};

}  // namespace netcat
