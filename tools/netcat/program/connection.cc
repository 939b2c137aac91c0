#include "tools/netcat/program/connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstddef>

namespace netcat {

// TCP states.  The header that defines them conflicts with <linux/tcp.h>, which has these counters.
constexpr int kTcpClose = 7;
constexpr int kTcpCloseWait = 8;
constexpr int kTcpLastAck = 9;
constexpr int kTcpClosing = 11;

// Both counts must be of one moment, and data may arrive between the system calls.  Nobody reads
// yet, so the receive window bounds how often that happens.
ConnectionLook::ConnectionLook(int fd) : fd_(fd) {
  int unread = 0;
  std::uint64_t before = 0;
  do {
    before = counts().received;
    (void)ioctl(fd, FIONREAD, &unread);
    first_ = counts();
  } while (first_.received != before);
  if (!first_.known) return;
  first_.received -= static_cast<std::uint64_t>(unread) + (first_.has_fin ? 1 : 0);
}

ConnectionLook::Counts ConnectionLook::counts() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  constexpr std::size_t kNeeded = offsetof(tcp_info, tcpi_bytes_retrans) + sizeof(std::uint64_t);
  if (size < kNeeded) return {};  // kernels before 4.19, and emulators, lack the counters
  const int state = info.tcpi_state;
  return {.sent = info.tcpi_bytes_sent - info.tcpi_bytes_retrans,
          .acknowledged = info.tcpi_bytes_acked,
          .received = info.tcpi_bytes_received,
          .has_fin = state == kTcpCloseWait || state == kTcpLastAck || state == kTcpClosing,
          .closed = state == kTcpClose,
          .known = true};
}

bool ConnectionLook::all_acknowledged(const Counts& now) const {
  return now.acknowledged - first_.acknowledged > now.sent - first_.sent;
}

// A program that has read the error of a reset has also cleared it.  A reset then shows in the
// missing acknowledgement of our FIN.
ConnectionLook::State ConnectionLook::state() const {
  pollfd one{.fd = fd_, .events = 0, .revents = 0};
  (void)poll(&one, 1, 0);
  if ((one.revents & POLLERR) != 0) return kLost;
  if ((one.revents & POLLHUP) == 0) return kGood;
  const Counts now = counts();
  if (!now.known) return kEnded;
  if (!now.closed) return kEnding;
  return all_acknowledged(now) ? kEnded : kLost;
}

bool ConnectionLook::peer_has_ended() const {
  pollfd one{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  return poll(&one, 1, 0) > 0;
}

std::uint64_t ConnectionLook::sent() const { return counts().sent - first_.sent; }

// A connection that was closed without a reset has received the peer's FIN.
std::uint64_t ConnectionLook::received() const {
  const Counts now = counts();
  const bool has_fin = now.closed ? all_acknowledged(now) : now.has_fin;
  return now.received - first_.received - (has_fin ? 1 : 0);
}

}  // namespace netcat
