// environment.h - the environment variables that describe a program's connection.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/net/address.h"

namespace netcat {

struct ConnectionFacts {
  std::string protocol;     // TCP or UNIX
  std::string remote_addr;  // an address, or the host that was asked of a proxy; or a path
  std::string remote_port;  // empty with UNIX
  std::string local_addr;
  std::string local_port;
  std::vector<std::pair<std::string, std::string>> more;  // TLS_VERSION and others

  static ConnectionFacts of(const net::SockAddr& remote, const net::SockAddr& local);
};

// `base` without any of these variables, then theirs under the names of netcat, ncat and tcpserver.
std::vector<std::string> environment_of(const char* const* base, const ConnectionFacts& facts);

}  // namespace netcat
