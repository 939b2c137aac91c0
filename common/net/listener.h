// listener.h - a listening socket: TCP or Unix-domain, bound here or inherited; binding datagram
// sockets too.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "common/net/address.h"
#include "common/net/fd.h"
#include "common/net/fd_limit.h"
#include "common/net/watch.h"

namespace net {

struct ListenOptions {
  int type = SOCK_STREAM;  // SOCK_DGRAM: to be bound only
  int backlog = SOMAXCONN;
  bool reuse_port = false;   // share the port with the other threads' listeners
  bool inherited = false;    // another process's socket: its Unix path stays at the end
  int socket_mode = -1;      // permissions of a Unix path; -1: by the umask
  Millis dead_peer{30'000};  // TCP_USER_TIMEOUT of the accepted; zero: the system's
  std::function<void(int fd, int family)>
      prepare{};  // a socket before it is bound, and before it listens
};

// A bound socket; a stream socket with a Unix path also listens already.  A stale Unix path, one
// without a listener, is replaced; UV_EADDRINUSE otherwise.
Result<Fd> bind_socket(const SockAddr& address, const ListenOptions& options);
// One for each address of a name that this host has; port 0 becomes the same port for all of
// them where that can be.
Result<std::vector<Fd>> bind_sockets(std::vector<SockAddr> addresses, const ListenOptions& options);

// Another process's socket at descriptor `fd`, which listens; UV_EINVAL if it does not.
Result<Fd> take_listening_socket(int fd);

// The file of a Unix-domain socket that we have bound; other addresses have none.
class BoundPath {
 public:
  BoundPath() = default;
  explicit BoundPath(const SockAddr& address);
  void remove();  // if it is still ours

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Not libuv's own: uv_listen accepts one connection more than was asked for, and on EMFILE accepts
// in order to drop.
class Listener {
 public:
  // Starts to listen; takes sockets that already do.  Removes its Unix path at the end, unless the
  // socket is inherited.
  static Result<Listener> listen(Loop& loop, Fd socket, const ListenOptions& options);
  Listener(Listener&&) = default;
  ~Listener() { close(); }

  // Success when a client may be waiting, UV_ECANCELED after close().
  auto readable() { return watch_->readable(); }
  // The next connection in the queue, and `peer`, its address; UV_EAGAIN where there is none.
  Result<Fd> accept(SockAddr* peer = nullptr);
  bool has_waiting() const;          // accept() would find a connection
  void stop() { watch_->cancel(); }  // ends readable(), now and later; accept() still works
  void close();                      // stops listening; removes our Unix path

  const SockAddr& address() const { return address_; }  // with the real port

 private:
  Listener(Loop& loop, Fd socket);

  SockAddr address_;
  Fd socket_;
  std::unique_ptr<Watch> watch_;
  BoundPath path_;
};

// The next connection, waited for.
Task<Result<Fd>> accept(Listener& listener);

}  // namespace net
