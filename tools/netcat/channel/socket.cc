#include "tools/netcat/channel/socket.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "common/net/address.h"
#include "common/net/socket_option.h"

namespace netcat {

using net::Error;
using net::Task;

static int get_option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

Socket::Socket(net::Loop& loop, net::Fd socket) : conn_(loop, std::move(socket)) {
  is_tcp_ = get_option(conn_.fd(), SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP;
}

net::Result<std::size_t> Socket::try_read(std::span<char> buffer) {
  const net::Result<std::size_t> n = conn_.try_read(buffer);
  if (n && *n == 0 && was_reset_) return Error(UV_ECONNRESET);
  return n;
}

net::Result<std::size_t> Socket::try_peek(std::span<char> buffer) {
  const ssize_t n = recv(conn_.fd(), buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  if (n >= 0) return static_cast<std::size_t>(n);
  return errno == EINTR ? Error(UV_EAGAIN) : Error::from_errno();
}

// The kernel reports a reset only once, so it is remembered, here and in hangup().
net::Result<std::size_t> Socket::try_write(std::string_view data) {
  const net::Result<std::size_t> n = conn_.try_write(data);
  was_reset_ = was_reset_ || n.error() == Error(UV_ECONNRESET);
  return n;
}

Error Socket::finish() {
  const Error e = conn_.shutdown();
  finished_ = finished_ || !e;
  return e == Error(UV_ENOTCONN) ? Error(UV_ECONNRESET) : e;
}

Task<Error> Socket::readable() {
  Error e = co_await conn_.readable();
  co_return e;
}

Task<Error> Socket::writable() {
  Error e = co_await conn_.writable();
  co_return e;
}

Task<Error> Socket::hangup() {
  Error e = co_await conn_.hangup();
  if (e) co_return e;
  const int pending = get_option(conn_.fd(), SOL_SOCKET, SO_ERROR);
  was_reset_ = was_reset_ || pending == ECONNRESET;
  if (pending == 0 && finished_) co_return Error(UV_ECANCELED);  // both directions have ended
  if (!is_tcp_) co_return Error(UV_EPIPE);
  co_return pending == ETIMEDOUT ? Error(UV_ETIMEDOUT) : Error(UV_ECONNRESET);
}

void Socket::reset_on_close(bool on) {
  const linger how{.l_onoff = on, .l_linger = 0};
  (void)net::set_option(conn_.fd(), SOL_SOCKET, SO_LINGER, how);
}

// Data written to a Unix-domain socket counts as delivered: the other process can read it.
net::Result<std::size_t> Socket::undelivered() {
  int bytes = 0;
  if (!is_tcp_ || ioctl(conn_.fd(), SIOCOUTQ, &bytes) != 0 || bytes == 0) return std::size_t{0};
  const bool is_closed = net::SockAddr::peer(conn_.fd()).family() == AF_UNSPEC;
  if (!is_closed) return static_cast<std::size_t>(bytes);
  // The last acknowledgement may have arrived between the two calls.
  if (ioctl(conn_.fd(), SIOCOUTQ, &bytes) == 0 && bytes == 0) return std::size_t{0};
  return Error(UV_ECONNRESET);
}

// The kernel keeps the count after a reset; a FIN counts as one byte.
std::size_t Socket::unacknowledged() const {
  int bytes = 0;
  if (!is_tcp_ || ioctl(conn_.fd(), SIOCOUTQ, &bytes) != 0 || bytes == 0) return 0;
  return static_cast<std::size_t>(finished_ ? bytes - 1 : bytes);
}

void Socket::probe_peer() {
  if (!is_tcp_) return;
  constexpr int kIdle = 10;  // seconds; --keepalive may have set less
  const int idle = get_option(conn_.fd(), IPPROTO_TCP, TCP_KEEPIDLE);
  (void)net::set_option(conn_.fd(), SOL_SOCKET, SO_KEEPALIVE, 1);
  (void)net::set_option(conn_.fd(), IPPROTO_TCP, TCP_KEEPIDLE, std::min(idle, kIdle));
  (void)net::set_option(conn_.fd(), IPPROTO_TCP, TCP_KEEPINTVL, 10);
  (void)net::set_option(conn_.fd(), IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace netcat
