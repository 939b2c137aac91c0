// environment.h - the environment variables that describe a program's connection.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/net/address.h"

namespace netcat {

struct ConnectionFacts {
  std::string protocol;     // TCP or UNIX
  std::string remote_addr;  // an address, a path, or the host that a proxy was asked for
  std::string remote_port;  // empty with UNIX
  std::string local_addr;
  std::string local_port;
  std::vector<std::pair<std::string, std::string>> more;  // TLS_VERSION and others

  static ConnectionFacts of(const net::SockAddr& remote, const net::SockAddr& local);
};

// Returns `base` without any of these variables, then the facts under the names that netcat, ncat
// and tcpserver use.
std::vector<std::string> environment_of(const char* const* base, const ConnectionFacts& facts);

}  // namespace netcat
