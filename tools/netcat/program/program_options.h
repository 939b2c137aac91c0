// program_options.h - the program of netcat's command line.
#pragma once

#include "common/cli/cli.h"
#include "tools/netcat/program/command.h"

namespace netcat {

struct ProgramOptions {
  static constexpr std::uint64_t kMaxConns = 100;  // with -k: many clients must not be a fork bomb

  Command command;
  net::Millis grace{5'000};  // from SIGHUP or SIGTERM to SIGKILL

  void add_to(net::Cli& cli);
  bool given() const { return command.given(); }
};

}  // namespace netcat
