// systemd.h - what a service manager passes: sockets in, notifications out.  The protocols of
// sd_listen_fds(3) and sd_notify(3), which are a few environment variables and one datagram.
#pragma once

#include <string_view>
#include <vector>

#include "common/net/fd.h"

namespace net::systemd {

// The inherited sockets, now ours and not our children's; the variables are unset.
std::vector<int> take_sockets();
// Connects to NOTIFY_SOCKET at once, because a sandbox refuses that later.
class Manager {
 public:
  Manager();
  // "READY=1" and the like.  Waits at most a fifth of a second for a manager that does not read;
  // failures are ignored.
  void notify(std::string_view state) const;

 private:
  Fd socket_;
};

}  // namespace net::systemd
