// endpoint.h - from a daemon's ADDRESS to bound sockets.
#pragma once

#include <string>
#include <vector>

#include "common/net/listener.h"

namespace net {

struct Endpoint {
  std::string name;  // the ADDRESS in its longest form
  Fd socket;
  bool inherited = false;  // fd:N
  BoundPath path{};        // until a listener owns it
};

// Adds the sockets of one ADDRESS.  Returns an exit status, and logs any error.
int bind_endpoint(const std::string& text, const ListenOptions& options,
                  std::vector<Endpoint>& endpoints);
// Logs why the address cannot be listened on; returns kNoListen.
int fail_to_listen(const std::string& where, Error e);

}  // namespace net
