// probe.h - checks whether a UDP port is open: netcat -z -u.
#pragma once

#include "tools/netcat/target.h"

namespace netcat {

struct Probed {
  bool answered = false;    // otherwise open, or a firewall drops the datagrams
  Target::Reached reached;  // dialed.error: refused or unreachable
};

// Sends an empty datagram to the port, and another if no answer has arrived after half of -w (1 s).
// If an address refuses, the next one is tried.
net::Task<Probed> probe_port(net::Loop& loop, const Options& options, const Target& target,
                             std::uint16_t port);

}  // namespace netcat
