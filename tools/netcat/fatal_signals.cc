#include "tools/netcat/fatal_signals.h"

#include <unistd.h>

#include <csignal>
#include <utility>

namespace netcat {

static bool is_ignored(int number) {
  struct sigaction action = {};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

FatalSignals::FatalSignals(net::Loop& loop, std::function<bool(int number)> on_signal)
    : on_signal_(std::move(on_signal)) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT})
    if (!is_ignored(number)) tasks_.go(die_of(signals_.emplace_back(loop, number), number));
}

net::Task<> FatalSignals::die_of(net::Signal& signal, int number) {
  for (;;) {
    net::Error e = co_await signal.wait();
    if (e) co_return;
    if (on_signal_(number)) break;
  }
  signal.close();
  (void)std::raise(number);
  _exit(128 + number);  // default actions do not kill a container's init process
}

net::Task<> FatalSignals::release() {
  for (net::Signal& signal : signals_) signal.close();
  co_await tasks_.wait();
}

}  // namespace netcat
