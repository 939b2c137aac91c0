#include "tools/netcat/fatal_signals.h"

#include <csignal>
#include <utility>

namespace netcat {

FatalSignals::FatalSignals(net::Loop& loop, std::function<void()> clean_up)
    : clean_up_(std::move(clean_up)),
      terminate_(loop, SIGTERM),
      interrupt_(loop, SIGINT),
      hangup_(loop, SIGHUP) {
  tasks_.go(die_of(terminate_, SIGTERM));
  tasks_.go(die_of(interrupt_, SIGINT));
  tasks_.go(die_of(hangup_, SIGHUP));
}

net::Task<> FatalSignals::die_of(net::Signal& signal, int number) {
  net::Error e = co_await signal.wait();
  if (e) co_return;
  clean_up_();
  signal.close();
  (void)std::raise(number);
}

net::Task<> FatalSignals::release() {
  for (net::Signal* signal : {&terminate_, &interrupt_, &hangup_}) signal->close();
  co_await tasks_.wait();
}

}  // namespace netcat
