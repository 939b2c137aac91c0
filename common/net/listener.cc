#include "common/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace net {

static void set_option(int fd, int level, int name, int value) {
  (void)setsockopt(fd, level, name, &value, sizeof value);  // a hint: an inherited fd may refuse it
}

// What the accepted sockets inherit (Linux): no call for each of them.
static void set_inherited_options(int fd, int family, const ListenOptions& options) {
  if (family == AF_UNIX) return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options.dead_peer.count()));
}

static bool is_path(const SockAddr& address) {
  return address.family() == AF_UNIX && !address.host().empty() && address.host()[0] != '@';
}

// Only a socket that refuses connections is nobody's.  A live one has another type than the probe,
// and says so without being told: a server of one client would take it for that client.
static bool is_stale(const SockAddr& address) {
  struct stat status = {};
  if (lstat(address.host().c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const Fd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return connect(probe.get(), address.get(), address.size()) != 0 && errno == ECONNREFUSED;
}

Result<Fd> bind_socket(const SockAddr& address, const ListenOptions& options) {
  Fd fd(socket(address.family(), options.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Error::from_errno();
  if (options.prepare) options.prepare(fd.get(), address.family());
  // With datagrams it would share the port with whoever asks for it.
  const bool reuse = address.family() != AF_UNIX && options.type == SOCK_STREAM;
  if (reuse) set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.reuse_port) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  const auto bind_it = [&] {
    return bind(fd.get(), address.get(), address.size()) == 0 ? Error() : Error::from_errno();
  };
  Error e = bind_it();
  if (e == Error(UV_EADDRINUSE) && is_path(address) && is_stale(address)) {
    unlink(address.host().c_str());
    e = bind_it();
  }
  if (e) return e;
  return fd;
}

static Result<std::vector<Fd>> bind_once(std::vector<SockAddr>& addresses,
                                         const ListenOptions& options, bool same_port) {
  std::vector<Fd> sockets;
  Error failed;
  std::uint16_t port = addresses.front().port();
  for (SockAddr& address : addresses) {
    address.set_port(port);
    Result<Fd> fd = bind_socket(address, options);
    if (fd) {
      if (same_port) port = SockAddr::local(fd->get()).port();
      sockets.push_back(std::move(*fd));
      continue;
    }
    failed = fd.error();
    if (failed != Error(UV_EADDRNOTAVAIL) && failed != Error(UV_EAFNOSUPPORT)) return failed;
  }
  if (sockets.empty()) return failed;
  return sockets;
}

Result<std::vector<Fd>> bind_sockets(std::vector<SockAddr> addresses,
                                     const ListenOptions& options) {
  constexpr int kTries = 64;  // the port that one address has got may be taken on the next
  const std::uint16_t port = addresses.front().port();
  const bool any_port = port == 0 && addresses.front().family() != AF_UNIX;
  for (int i = 0; i < kTries; ++i) {
    addresses.front().set_port(port);
    auto sockets = bind_once(addresses, options, true);
    if (sockets || !any_port || sockets.error() != Error(UV_EADDRINUSE)) return sockets;
  }
  addresses.front().set_port(port);
  return bind_once(addresses, options, false);
}

BoundPath::BoundPath(const SockAddr& address) {
  struct stat status = {};
  if (!is_path(address) || stat(address.host().c_str(), &status) != 0) return;
  path_ = address.host();
  inode_ = status.st_ino;
}

void BoundPath::remove() {
  struct stat status = {};
  if (path_.empty()) return;
  if (stat(path_.c_str(), &status) == 0 && status.st_ino == inode_) unlink(path_.c_str());
  path_.clear();
}

Listener::Listener(Loop& loop, Fd socket)
    : address_(SockAddr::local(socket.get())),
      socket_(std::move(socket)),
      watch_(std::make_unique<Watch>(loop, socket_.get())) {}

Result<Listener> Listener::listen(Loop& loop, Fd socket, const ListenOptions& options) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0)
    return Error::from_errno();
  const SockAddr address = SockAddr::local(socket.get());
  set_inherited_options(socket.get(), address.family(), options);
  if (listening) fcntl(socket.get(), F_SETFL, O_NONBLOCK);  // others may accept before us
  if (!listening && ::listen(socket.get(), options.backlog) != 0) return Error::from_errno();
  Listener listener(loop, std::move(socket));
  if (!listening) listener.path_ = BoundPath(address);
  return listener;
}

Result<Fd> Listener::accept() {
  for (;;) {
    Fd fd(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) return fd;
    // The connection is gone before we came to it, or a signal: accept(2).
    const bool next = errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
    if (!next) return Error::from_errno();
  }
}

void Listener::close() {
  if (!socket_) return;
  watch_->cancel();
  path_.remove();
  socket_.reset();
}

Task<Result<Fd>> accept(Listener& listener) {
  for (;;) {
    Error e = co_await listener.readable();
    if (e) co_return e;
    Result<Fd> fd = listener.accept();
    if (fd || fd.error() != Error(UV_EAGAIN)) co_return fd;
  }
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);  // as it was, then
}

}  // namespace net
