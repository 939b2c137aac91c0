// relay_stdio.h - standard input and output over one connection.
#pragma once

#include "common/net/address.h"
#include "tools/netcat/channel/stdio.h"
#include "tools/netcat/session.h"

namespace netcat {

// What netcat(1) asks for, with this standard input.
Terms terms_of(const Options& options, Stdio::Input input);

// From the first byte to the last, with the report of its end.  was_reset: see net::Dialed.
net::Task<Outcome> relay_stdio(Session& session, Stdio& local, Channel& remote,
                               const net::SockAddr& peer, bool was_reset);

}  // namespace netcat
