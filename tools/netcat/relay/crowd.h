// crowd.h - many clients at once on one standard input and output: netcat -l -k.
#pragma once

#include <vector>

#include "common/net/listener.h"
#include "tools/netcat/access.h"
#include "tools/netcat/session.h"

namespace netcat {

// What any client sends goes to standard output, whole reads at a time; standard input goes to all
// clients that are there when it comes.  Ends only by an error of the one or the other.
net::Task<Outcome> serve_crowd(Session& session, std::vector<net::Listener>& listeners,
                               const Access& access);

}  // namespace netcat
