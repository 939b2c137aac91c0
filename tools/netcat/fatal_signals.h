// fatal_signals.h - cleans up before a signal ends the process.
#pragma once

#include <functional>
#include <list>

#include "common/net/loop.h"

namespace netcat {

// Catches SIGTERM, SIGINT, SIGHUP and SIGQUIT from now until release(), which must be awaited; not
// those that are ignored, as after nohup(1).  Each is passed to `on_signal`; if that returns true,
// the process ends by the signal.
class FatalSignals {
 public:
  FatalSignals(net::Loop& loop, std::function<bool(int number)> on_signal);
  FatalSignals(net::Loop& loop, std::function<void()> clean_up)  // always ends the process
      : FatalSignals(loop, [clean_up](int) { return clean_up(), true; }) {}
  net::Task<> release();

 private:
  net::Task<> die_of(net::Signal& signal, int number);

  std::function<bool(int number)> on_signal_;
  std::list<net::Signal> signals_;
  net::WaitGroup tasks_;
};

}  // namespace netcat
