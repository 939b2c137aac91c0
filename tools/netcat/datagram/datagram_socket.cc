#include "tools/netcat/datagram/datagram_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "common/net/socket_option.h"

namespace netcat {

using net::Error;
using net::Fd;
using net::Loop;
using net::Result;
using net::SockAddr;

constexpr std::size_t kSendMost = 16;    // datagrams in one call
constexpr int kReceiveBuffer = 4 << 20;  // bytes: 10 ms at 500,000 short datagrams a second
constexpr std::size_t kControlBytes = 64;

DatagramSocket::DatagramSocket(Loop& loop, Fd socket)
    : fd_(std::move(socket)),
      path_(SockAddr::local(fd_.get())),
      watch_(std::make_unique<net::Watch>(loop, fd_.get())) {
  // Lets several datagrams of one size arrive as one message (Inbox::Datagram::segment).
  if (address().family() != AF_UNIX) (void)net::set_option(fd_.get(), SOL_UDP, UDP_GRO, 1);
}

Result<std::size_t> DatagramSocket::receive(Inbox& inbox, std::size_t most) {
  auto n = inbox.receive(fd_.get(), most, names_senders_);
  if (n || n.error() == Error(UV_EAGAIN)) return n;
  return forget_errors(n.error());
}

Result<std::size_t> DatagramSocket::send(std::span<const std::string_view> datagrams,
                                         const SockAddr& to, const LocalEnd& from) {
  std::array<mmsghdr, kSendMost> messages{};
  std::array<iovec, kSendMost> data;
  alignas(cmsghdr) char control[kControlBytes];
  const std::size_t control_size = from.write_to(control);
  const std::size_t count = std::min(datagrams.size(), kSendMost);
  for (std::size_t i = 0; i < count; ++i) {
    data[i] = {const_cast<char*>(datagrams[i].data()), datagrams[i].size()};
    msghdr& message = messages[i].msg_hdr;
    message.msg_iov = &data[i];
    message.msg_iovlen = 1;
    message.msg_name = to.size() == 0 ? nullptr : const_cast<sockaddr*>(to.get());
    message.msg_namelen = to.size();
    message.msg_control = control_size == 0 ? nullptr : control;
    message.msg_controllen = control_size;
  }
  const int n = sendmmsg(fd_.get(), messages.data(), static_cast<unsigned>(count),
                         MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) return static_cast<std::size_t>(n);
  return n == 0 || errno == EINTR ? Error(UV_EAGAIN) : Error::from_errno();
}

// Empties IP_RECVERR's queue after an error has been reported, because its entries would keep the
// socket readable.
Error DatagramSocket::forget_errors(Error reported) {
  constexpr int kMost = 64;  // bounded, because a flood of ICMP messages may refill the queue
  msghdr nothing{};
  for (int i = 0; i < kMost && recvmsg(fd_.get(), &nothing, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0; ++i)
    nothing = {};
  return reported;
}

void DatagramSocket::report_errors(int family) {
  if (family == AF_INET) (void)net::set_option(fd_.get(), IPPROTO_IP, IP_RECVERR, 1);
  if (family == AF_INET6) (void)net::set_option(fd_.get(), IPPROTO_IPV6, IPV6_RECVERR, 1);
}

Error DatagramSocket::connect(const SockAddr& peer) {
  report_errors(peer.family());
  if (::connect(fd_.get(), peer.get(), peer.size()) != 0) return Error::from_errno();
  connected_ = true;
  return {};
}

void report_local_ends(int fd, int family, bool on) {
  if (family == AF_INET) (void)net::set_option(fd, IPPROTO_IP, IP_PKTINFO, on ? 1 : 0);
  if (family == AF_INET6) (void)net::set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, on ? 1 : 0);
}

void DatagramSocket::widen() {
  if (buffer_bytes() < 2 * std::size_t{kReceiveBuffer})  // the kernel doubles the value
    (void)net::set_option(fd_.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
}

std::size_t DatagramSocket::buffer_bytes() const {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  (void)getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, &size);
  return static_cast<std::size_t>(bytes);
}

bool DatagramSocket::is_wildcard() const {
  const SockAddr local = address();
  const SockAddr any =
      *SockAddr::numeric(local.family() == AF_INET6 ? "::" : "0.0.0.0", local.port());
  return local == any;
}

void DatagramSocket::close() {
  if (!fd_) return;
  watch_->cancel();
  path_.remove();
  fd_.reset();
}

bool is_usual_source(const LocalEnd& local, const SockAddr& peer) {
  if (local.family == AF_UNSPEC) return true;
  const Fd probe(socket(peer.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), peer.get(), peer.size()) != 0) return false;
  const SockAddr usual = SockAddr::local(probe.get());
  return usual.host() == local.address(usual.port()).host();
}

}  // namespace netcat
