// program_options.h - the options for running a program.
#pragma once

#include "common/cli/cli.h"
#include "tools/netcat/program/command.h"

namespace netcat {

struct ProgramOptions {
  static constexpr std::uint64_t kMaxConns = 100;  // the default with -k, against a fork bomb

  Command command;
  net::Millis grace{5'000};  // from SIGHUP or SIGTERM to SIGKILL

  void add_to(net::Cli& cli);
  bool given() const { return command.given(); }
};

}  // namespace netcat
