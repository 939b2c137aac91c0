#include "tools/netcat/datagram/inbox.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

namespace netcat {

using net::Error;
using net::Result;
using net::SockAddr;

constexpr std::size_t kSlots = 64;
constexpr std::size_t kUnixSlots = 16;
constexpr std::size_t kUnixBytes = std::size_t{256} << 10;  // Unix datagrams may be longer
// More than the longest UDP datagram.  Not a power of two, so that the slots spread over all cache
// sets.
constexpr std::size_t kSlotBytes = (std::size_t{64} << 10) + 320;

SockAddr LocalEnd::address(std::uint16_t port) const {
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr = v4;
    return {reinterpret_cast<const sockaddr*>(&address), sizeof address};
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = v6;
  address.sin6_scope_id = interface;
  return {reinterpret_cast<const sockaddr*>(&address), sizeof address};
}

template <typename Info>
static std::size_t put(std::span<char> control, int level, int type, const Info& info) {
  msghdr message{};
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(sizeof info);
  CHECK(message.msg_controllen <= control.size());
  std::memset(control.data(), 0, message.msg_controllen);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
  return message.msg_controllen;
}

std::size_t LocalEnd::write_to(std::span<char> control) const {
  if (family == AF_INET) {
    in_pktinfo info{};
    info.ipi_spec_dst = v4;
    return put(control, IPPROTO_IP, IP_PKTINFO, info);
  }
  if (family != AF_INET6) return 0;
  in6_pktinfo info{};
  if (!IN6_IS_ADDR_MULTICAST(&v6)) info.ipi6_addr = v6;
  info.ipi6_ifindex = interface;
  return put(control, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

static void read_control(const msghdr& message, Inbox::Datagram& datagram) {
  LocalEnd& local = datagram.local;
  auto* readable = const_cast<msghdr*>(&message);  // CMSG_NXTHDR requires a non-const pointer
  for (cmsghdr* header = CMSG_FIRSTHDR(readable); header != nullptr;
       header = CMSG_NXTHDR(readable, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      local.family = AF_INET;
      local.v4 = info.ipi_spec_dst;  // a local address even if the destination was a group
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      local.family = AF_INET6;
      local.v6 = info.ipi6_addr;
      if (IN6_IS_ADDR_LINKLOCAL(&local.v6) || IN6_IS_ADDR_MULTICAST(&local.v6))
        local.interface = info.ipi6_ifindex;
    } else if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_GRO) {
      int bytes = 0;
      std::memcpy(&bytes, CMSG_DATA(header), sizeof bytes);
      datagram.segment = static_cast<std::size_t>(std::max(bytes, 0));
    }
  }
}

Inbox::Inbox(bool unix_domain)
    : slot_bytes_(unix_domain ? kUnixBytes : kSlotBytes),
      slots_(unix_domain ? kUnixSlots : kSlots),
      messages_(slots_.size()) {
  memory_ = std::make_unique_for_overwrite<char[]>(slots_.size() * slot_bytes_);
  for (std::size_t i = 0; i < slots_.size(); ++i)
    slots_[i].buffer = {memory_.get() + i * slot_bytes_, slot_bytes_};
}

Result<std::size_t> Inbox::receive(int fd, std::size_t most, bool with_senders) {
  most = std::min(most, slots_.size());
  for (std::size_t i = 0; i < most; ++i) {
    Slot& slot = slots_[i];
    msghdr& message = messages_[i].msg_hdr;
    message = {};
    message.msg_iov = &slot.buffer;
    message.msg_iovlen = 1;
    message.msg_control = slot.control;
    message.msg_controllen = sizeof slot.control;
    if (!with_senders) continue;
    message.msg_name = &slot.sender;
    message.msg_namelen = sizeof slot.sender;
  }
  const int n = recvmmsg(fd, messages_.data(), static_cast<unsigned>(most),
                         MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (n > 0) return static_cast<std::size_t>(n);
  return n == 0 || errno == EINTR ? Error(UV_EAGAIN) : Error::from_errno();
}

Inbox::Datagram Inbox::at(std::size_t index) const {
  const mmsghdr& message = messages_[index];
  const auto* start = static_cast<const char*>(slots_[index].buffer.iov_base);
  Datagram datagram;
  datagram.size = message.msg_len;
  datagram.data = {start, std::min<std::size_t>(message.msg_len, slot_bytes_)};
  if (message.msg_hdr.msg_controllen > 0) read_control(message.msg_hdr, datagram);
  if (message.msg_hdr.msg_name != nullptr)
    datagram.sender = SockAddr(reinterpret_cast<const sockaddr*>(&slots_[index].sender),
                               message.msg_hdr.msg_namelen);
  return datagram;
}

}  // namespace netcat
