// outcome.h - how a run ended, which decides netcat's exit status.
#pragma once

#include <string>

#include "common/cli/exit_status.h"
#include "common/net/result.h"
#include "tools/netcat/relay/ending.h"

namespace netcat {

using net::kBrokenPipe;

struct Options;

struct Outcome {
  int status = net::kOk;
  std::string why{};   // a sentence, unless the status is 0 or kBrokenPipe
  bool reset = false;  // the peer reset the connection
  int program_status = -1;
  int program_signal = 0;
};

// Whether it is an ICMP error that reports the peer as unreachable.
bool is_unreachable(net::Error e);
// The outcome of a failed look-up; `numeric`: a name was given with -n.
Outcome not_found(const std::string& name, net::Error e, bool numeric = false);
// The outcome of a failed write to standard output.
Outcome output_failed(net::Error e);
// log_problem: the sentence for Verdict::kLogFailed.  failure: see Channel::failure().
Outcome outcome_of(const Verdict& verdict, const Options& options, const std::string& log_problem,
                   const std::string& failure = {});

}  // namespace netcat
