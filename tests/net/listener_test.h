// listener_test.h - helpers for the tests of listeners.
#pragma once

#include <sys/stat.h>

#include "common/net/listener.h"
#include "net_test.h"

namespace net {

inline bool exists(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0;
}

inline Result<Listener> listen_on(Loop& loop, const SockAddr& address,
                                  const ListenOptions& options = {}) {
  Result<Fd> fd = bind_socket(address, options);
  if (!fd) return fd.error();
  return Listener::listen(loop, std::move(*fd), options);
}

inline Fd unix_socket() { return Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

inline bool connects(const Fd& fd, const SockAddr& to) {
  return connect(fd.get(), to.get(), to.size()) == 0;
}

}  // namespace net
