// probe.h - whether a UDP port is open: netcat -z -u.
#pragma once

#include "tools/netcat/target.h"

namespace netcat {

struct Probed {
  bool answered = false;    // otherwise open, or a firewall drops the datagrams
  Target::Reached reached;  // with dialed.error: refused, or unreachable
};

// Sends an empty datagram to the port, and another one if nothing has come back in half the time of
// -w (1 s).  An address that refuses is followed by the next.
net::Task<Probed> probe_port(net::Loop& loop, const Options& options, const Target& target,
                             std::uint16_t port);

}  // namespace netcat
