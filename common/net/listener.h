// listener.h - listening sockets: TCP or Unix-domain, bound here or inherited.  Binds datagram
// sockets, too.
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
  int type = SOCK_STREAM;  // SOCK_DGRAM sockets are only bound
  int backlog = SOMAXCONN;
  bool reuse_port = false;   // share the port with the other threads' listeners
  bool inherited = false;    // from another process: its Unix path is not removed
  int socket_mode = -1;      // permissions of a Unix path; -1: from the umask
  Millis dead_peer{30'000};  // TCP_USER_TIMEOUT of accepted sockets; zero: the system's
  std::function<void(int fd, int family)> prepare{};  // called before bind(2), and before listen(2)
};

// A bound socket; a stream socket with a Unix path also listens already.  A stale Unix path, one
// without a listener, is replaced; UV_EADDRINUSE otherwise.
Result<Fd> bind_socket(const SockAddr& address, const ListenOptions& options);
// Binds a socket for each of the addresses that belongs to this host.  Port 0 becomes the same port
// on all of them if possible.
Result<std::vector<Fd>> bind_sockets(std::vector<SockAddr> addresses, const ListenOptions& options);

// Takes over descriptor `fd`, a listening socket from another process; UV_EINVAL if it does not
// listen, UV_EBADF if it was not inherited: it is close-on-exec or not open.
Result<Fd> take_listening_socket(int fd);

// Owns the file of a Unix-domain socket that this process has bound, and removes it in the end; for
// other addresses it owns none.
class BoundPath {
 public:
  BoundPath() = default;
  explicit BoundPath(const SockAddr& address);
  BoundPath(BoundPath&& other) noexcept;
  BoundPath& operator=(BoundPath&& other) noexcept;
  ~BoundPath() { remove(); }
  void remove();  // unless another process has replaced it
  void release() { path_.clear(); }

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Does not use uv_listen, which accepts one connection more than it was asked for, and on EMFILE
// accepts connections only to drop them.
class Listener {
 public:
  // Starts to listen; the socket may already be listening.  The destructor removes the Unix path,
  // unless the socket is inherited.
  static Result<Listener> listen(Loop& loop, Fd socket, const ListenOptions& options);
  Listener(Listener&&) = default;
  ~Listener() { close(); }

  // Waits until a client may be in the queue; UV_ECANCELED after close().
  auto readable() { return watch_->readable(); }
  // Accepts the next connection in the queue, and sets `peer` to its address; UV_EAGAIN if there is
  // none.
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

// Waits for a connection and accepts it.
Task<Result<Fd>> accept(Listener& listener);

}  // namespace net
