// systemd.h - what a service manager passes: sockets in, notifications out.  The protocols of
// sd_listen_fds(3) and sd_notify(3), which are a few environment variables and one datagram.
#pragma once

#include <string_view>
#include <vector>

#include "common/net/fd.h"

namespace net::systemd {

// The inherited sockets, now ours and not our children's; the variables are unset.
std::vector<int> take_sockets();
// Where NOTIFY_SOCKET tells, connected at once: a sandbox refuses that later.
class Manager {
 public:
  Manager();
  // "READY=1" and the like.  A manager that does not read is waited for for a fifth of a second at
  // most; no failure matters.
  void notify(std::string_view state) const;

 private:
  Fd socket_;
};

}  // namespace net::systemd
