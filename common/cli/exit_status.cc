#include "common/cli/exit_status.h"

#include <csignal>

int net::die_of_signal(int number) {
  std::signal(number, SIG_DFL);
  (void)std::raise(number);
  return kSignal + number;  // reached if the signal is blocked, or if this is process 1
}
