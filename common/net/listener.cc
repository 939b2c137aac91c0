#include "common/net/listener.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/net/socket_option.h"

namespace net {

// Sets options that accepted sockets inherit (Linux), which saves a call per client.  An inherited
// descriptor may refuse an option; it works without it.
static void set_inherited_options(int fd, int family, const ListenOptions& options) {
  if (family == AF_UNIX) return;
  (void)set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  (void)set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  (void)set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  (void)set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  (void)set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
  const auto dead_peer = std::min<Millis::rep>(options.dead_peer.count(), INT_MAX);
  (void)set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(dead_peer));
}

static bool is_path(const SockAddr& address) {
  return address.family() == AF_UNIX && !address.host().empty() && address.host()[0] != '@';
}

// No error: the path has a stale socket, which is one that refuses connections.  The probe has
// another socket type, which a live listener rejects without accepting: a server of one client must
// not take it for that client.
static Error check_stale(const SockAddr& address) {
  struct stat status = {};
  if (lstat(address.host().c_str(), &status) != 0 || !S_ISSOCK(status.st_mode))
    return UV_EADDRINUSE;
  const Fd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return Error::from_errno();
  const bool refused = connect(probe.get(), address.get(), address.size()) != 0;
  return refused && errno == ECONNREFUSED ? Error() : Error(UV_EADDRINUSE);
}

Result<Fd> take_listening_socket(int fd) {
  const int flags = fcntl(fd, F_GETFD);
  if (flags < 0) return Error::from_errno();
  if ((flags & FD_CLOEXEC) != 0) return Error(UV_EBADF);  // one of our own, not inherited
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) return Error::from_errno();
  if (listening == 0) return Error(UV_EINVAL);  // listen(2) would make the kernel choose an address
  // Standard descriptors are duplicated and stay open, so that no other file gets their numbers.
  Fd socket(fd <= STDERR_FILENO ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : fd);
  if (!socket || fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0) return Error::from_errno();
  return socket;
}

static Error bind_to(int fd, const SockAddr& address) {
  return bind(fd, address.get(), address.size()) == 0 ? Error() : Error::from_errno();
}

// Two servers that start together must not both remove a stale path, and a socket that is bound but
// does not listen yet looks stale.  So bind and listen happen under a lock; it is on the directory,
// because a lock file would be left behind.
static Fd lock_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  Fd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) (void)flock(fd.get(), LOCK_EX);  // some file systems do not support locks
  return fd;
}

static Error bind_path(int fd, const SockAddr& address, const ListenOptions& options) {
  const std::string path = address.host();
  const Fd lock = lock_directory_of(path);
  Error e = bind_to(fd, address);
  if (e == Error(UV_EADDRINUSE)) {
    e = check_stale(address);
    if (e) return e;
    unlink(path.c_str());
    e = bind_to(fd, address);
  }
  if (e) return e;
  const bool mode_set =
      options.socket_mode < 0 || chmod(path.c_str(), static_cast<mode_t>(options.socket_mode)) == 0;
  if (!mode_set || (options.type == SOCK_STREAM && ::listen(fd, options.backlog) != 0)) {
    e = Error::from_errno();
    unlink(path.c_str());
  }
  return e;
}

Result<Fd> bind_socket(const SockAddr& address, const ListenOptions& options) {
  Fd fd(socket(address.family(), options.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Error::from_errno();
  if (options.prepare) options.prepare(fd.get(), address.family());
  // On a datagram socket SO_REUSEADDR would let any other process share the port.
  const bool reuse = address.family() != AF_UNIX && options.type == SOCK_STREAM;
  if (reuse) (void)set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6) (void)set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.reuse_port) (void)set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  const Error e =
      is_path(address) ? bind_path(fd.get(), address, options) : bind_to(fd.get(), address);
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
  constexpr int kTries = 64;  // the port chosen for the first address may be in use on another
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
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

BoundPath::BoundPath(BoundPath&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

BoundPath& BoundPath::operator=(BoundPath&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

void BoundPath::remove() {
  struct stat status = {};
  if (path_.empty()) return;
  const bool found = stat(path_.c_str(), &status) == 0;
  if (found && status.st_dev == device_ && status.st_ino == inode_) unlink(path_.c_str());
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
  if (options.prepare) options.prepare(socket.get(), address.family());
  if (listening) fcntl(socket.get(), F_SETFL, O_NONBLOCK);  // other processes may accept first
  if (!listening && ::listen(socket.get(), options.backlog) != 0) return Error::from_errno();
  Listener listener(loop, std::move(socket));
  if (!options.inherited) listener.path_ = BoundPath(address);
  if (const Error e = listener.watch_->error()) return e;
  return listener;
}

// True if the connection failed, not the listener, or a signal arrived; see accept(2).
static bool concerns_one_connection(int error) {
  constexpr int kErrors[] = {ECONNABORTED, EINTR,  EPROTO,       ENETDOWN,   ENOPROTOOPT,
                             EHOSTDOWN,    ENONET, EHOSTUNREACH, ENETUNREACH};
  return std::ranges::find(kErrors, error) != std::end(kErrors);
}

Result<Fd> Listener::accept(SockAddr* peer) {
  constexpr int kTries = 64;
  for (int i = 0; i < kTries; ++i) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    Fd fd(accept4(socket_.get(), address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd && peer != nullptr) *peer = SockAddr(address, size);
    if (fd) return fd;
    if (!concerns_one_connection(errno)) return Error::from_errno();
  }
  return Error(UV_EAGAIN);
}

bool Listener::has_waiting() const {
  pollfd one{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return poll(&one, 1, 0) > 0 && (one.revents & POLLIN) != 0;
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

}  // namespace net
