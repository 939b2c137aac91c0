// relay.h - standard input to the peer and the peer to standard output, until both have ended.
#pragma once

#include <string>

#include "common/descriptor.h"
#include "common/exit_status.h"
#include "tools/netcat/options.h"

namespace netcat {

// Not in the table: standard output's reader is gone; die by SIGPIPE, silently.
constexpr int kBrokenPipe = 141;

struct Outcome {
  int status = net::kOk;
  std::string why;  // a sentence for any other status but kBrokenPipe
};

// What a failed write to standard output means.
Outcome output_failed(net::Error e);

// Relays until the connection is over.
net::Task<Outcome> relay(net::Loop& loop, net::Fd socket, const Options& options);

}  // namespace netcat
