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
  bool was_reset = false;       // see net::Dialed
  bool can_be_resolved = true;  // false: no later look-up of the name can succeed either
};

// Connects; if that fails, the outcome has the reason.
net::Task<Outcome> dial(Session& session, Connection& connection);
// Called as soon as there is a connection, so that the peer does not see a normal end of empty
// input if this process is killed.
void reset_if_killed(Session& session, const Stdio& local);

// Connects and relays.
net::Task<Outcome> connect(Session& session, Stdio& local);
// Connects and runs the program.
net::Task<Outcome> connect(Session& session, Programs& programs);

}  // namespace netcat
