// connect.h - netcat as a client.
#pragma once

#include "common/net/address.h"
#include "tools/netcat/channel/stdio.h"
#include "tools/netcat/session.h"

namespace netcat {

class Programs;

struct Connection {
  std::unique_ptr<Channel> channel;
  net::SockAddr peer;
  bool was_reset = false;  // see net::Dialed
};

// Success with a connection, or why there is none.
net::Task<Outcome> dial(Session& session, Connection& connection);
// From the first moment of a connection: a peer must not take our death for the end of an empty
// input.
void reset_if_killed(Session& session, const Stdio& local);

// Connects and relays.
net::Task<Outcome> connect(Session& session, Stdio& local);
// Connects, and runs the program.
net::Task<Outcome> connect(Session& session, Programs& programs);

}  // namespace netcat
