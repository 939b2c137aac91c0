#include "common/cli/exit_status.h"

#include <csignal>

int net::die_of_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  (void)std::raise(SIGPIPE);
  return kBrokenPipe;  // where it is blocked
}
