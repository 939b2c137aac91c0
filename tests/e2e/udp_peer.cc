#include "udp_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <cstdint>

namespace e2e {

UdpPeer::UdpPeer(int family) : fd_(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  set_address(family == AF_INET ? "127.0.0.1" : "::1", 0);
  if (bind(fd_.get(), address(), size_) != 0) fail_errno("bind");
  getsockname(fd_.get(), address(), &size_);
  port_ = sender_port();
}

void UdpPeer::set_address(const char* ip, int port) {
  address_ = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address_);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address_);
  v4.sin_port = htons(static_cast<std::uint16_t>(port));  // at the same place in both
  const bool is_v4 = inet_pton(AF_INET, ip, &v4.sin_addr) == 1;
  if (!is_v4) inet_pton(AF_INET6, ip, &v6.sin6_addr);
  address_.ss_family = is_v4 ? AF_INET : AF_INET6;
  size_ = is_v4 ? sizeof v4 : sizeof v6;
}

std::string UdpPeer::receive(Millis patience) {
  if (!readable(patience)) fail("no datagram came");
  std::string data(100'000, '\0');
  size_ = sizeof address_;
  const ssize_t n = recvfrom(fd_.get(), data.data(), data.size(), 0, address(), &size_);
  if (n < 0) fail_errno("recvfrom");
  data.resize(static_cast<std::size_t>(n));
  return data;
}

void UdpPeer::answer(const std::string& data) {
  if (sendto(fd_.get(), data.data(), data.size(), 0, address(), size_) < 0) fail_errno("sendto");
}

void UdpPeer::send(int port, const std::string& data, const char* address) {
  set_address(address, port);
  answer(data);
}

bool UdpPeer::readable(Millis time) const {
  pollfd p{fd_.get(), POLLIN, 0};
  return poll(&p, 1, static_cast<int>(time.count())) > 0;
}

void UdpPeer::segment_by(int bytes) {
  if (setsockopt(fd_.get(), SOL_UDP, UDP_SEGMENT, &bytes, sizeof bytes) != 0) fail("UDP_SEGMENT");
}

void UdpPeer::refuse_others() {
  set_address("127.0.0.1", port_);  // connected to itself
  if (connect(fd_.get(), address(), size_) != 0) fail_errno("connect");
}

int UdpPeer::sender_port() const {
  return ntohs(reinterpret_cast<const sockaddr_in&>(address_).sin_port);
}

std::string UdpPeer::sender_address() const {
  return inet_ntoa(reinterpret_cast<const sockaddr_in&>(address_).sin_addr);
}

}  // namespace e2e
