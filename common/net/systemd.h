// systemd.h - sockets from a service manager, and notifications to it.  The protocols of
// sd_listen_fds(3) and sd_notify(3) are a few environment variables and one datagram.
#pragma once

#include <string_view>
#include <vector>

#include "common/net/fd.h"

namespace net::systemd {

// Takes the inherited sockets, for take_listening_socket(), and unsets the variables.  A descriptor
// that is not open is the last one returned.
std::vector<int> take_sockets();
// Connects to NOTIFY_SOCKET at once, because a sandbox refuses that later.
class Manager {
 public:
  Manager();
  // Sends "READY=1" and the like.  Waits at most 0.2 s if the manager does not read; failures are
  // ignored.
  void notify(std::string_view state) const;

 private:
  Fd socket_;
};

}  // namespace net::systemd
