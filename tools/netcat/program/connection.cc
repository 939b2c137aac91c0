#include "tools/netcat/program/connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstddef>

namespace netcat {

constexpr int kTcpClose = 7;  // TCP_CLOSE, whose header does not go with that of these counters

ConnectionLook::ConnectionLook(int fd) : fd_(fd), first_(counts()) {}

ConnectionLook::Counts ConnectionLook::counts() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  constexpr std::size_t kNeeded = offsetof(tcp_info, tcpi_bytes_retrans) + sizeof(std::uint64_t);
  if (size < kNeeded) return {};  // kernels before 4.19 and emulators
  return {info.tcpi_bytes_sent - info.tcpi_bytes_retrans, info.tcpi_bytes_acked,
          info.tcpi_bytes_received, info.tcpi_state == kTcpClose, true};
}

// A program that has read the error of a reset has also cleared it; but then there is no
// acknowledgement of a FIN.
ConnectionLook::State ConnectionLook::state() const {
  pollfd one{.fd = fd_, .events = 0, .revents = 0};
  (void)poll(&one, 1, 0);
  if ((one.revents & POLLERR) != 0) return kLost;
  if ((one.revents & POLLHUP) == 0) return kGood;
  const Counts now = counts();
  if (!now.known) return kEnded;
  if (!now.closed) return kEnding;
  const std::uint64_t sent = now.sent - first_.sent;
  return now.acknowledged - first_.acknowledged > sent ? kEnded : kLost;
}

bool ConnectionLook::peer_has_ended() const {
  pollfd one{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  return poll(&one, 1, 0) > 0;
}

std::uint64_t ConnectionLook::sent() const { return counts().sent - first_.sent; }

std::uint64_t ConnectionLook::received() const { return counts().received - first_.received; }

}  // namespace netcat
