// relay_stdio.h - relays standard input and output over one connection.
#pragma once

#include "common/net/address.h"
#include "tools/netcat/channel/stdio.h"
#include "tools/netcat/session.h"

namespace netcat {

// The rules of netcat(1) for this standard input.
Terms terms_of(const Options& options, Stdio::Input input);

// Relays until the connection ends, and reports the end.  was_reset: see net::Dialed.
net::Task<Outcome> relay_stdio(Session& session, Stdio& local, Channel& remote,
                               const net::SockAddr& peer, bool was_reset);

}  // namespace netcat
