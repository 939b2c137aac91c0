#include "common/cli/exit_status.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>

int net::die_of_signal(int number) {
  std::signal(number, SIG_DFL);
  (void)std::raise(number);
  return kSignal + number;  // reached if the signal is blocked, or if this is process 1
}

void net::let_end_process(int number) {
  const auto exit = [](int signal) { std::_Exit(kSignal + signal); };
  (void)std::signal(number, getpid() == 1 ? +exit : SIG_DFL);  // process 1 has no default action
}
