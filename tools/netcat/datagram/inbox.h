// inbox.h - receives many datagrams at a time with recvmmsg(2).
#pragma once

#include <sys/socket.h>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/net/address.h"
#include "common/net/result.h"

namespace netcat {

// The local address that a datagram was sent to; the answer must come from it.
struct LocalEnd {
  int family = AF_UNSPEC;  // AF_UNSPEC: unknown
  in_addr v4{};
  in6_addr v6{};
  unsigned interface = 0;  // IPv6: for link-local and multicast addresses

  net::SockAddr address(std::uint16_t port) const;
  // Writes the address as a control message; returns its size, 0 if the address is unknown.
  std::size_t write_to(std::span<char> control) const;
};

class Inbox {
 public:
  struct Datagram {
    std::string_view data;
    std::size_t size = 0;  // its size when sent; more than data's if truncated
    net::SockAddr sender;  // empty if not asked for, or for an unbound Unix sender
    LocalEnd local;        // known if the socket reports it (IP_PKTINFO)
    // If not 0, `data` is several datagrams of this size; the last may be shorter (UDP_GRO).
    std::size_t segment = 0;
  };

  explicit Inbox(bool unix_domain);

  // Receives up to `most` datagrams without waiting.  UV_EAGAIN: none.
  net::Result<std::size_t> receive(int fd, std::size_t most, bool with_senders);
  // The datagrams of the last receive().
  Datagram at(std::size_t index) const;
  std::size_t capacity() const { return slots_.size(); }

 private:
  static constexpr std::size_t kControlBytes = 64;
  struct Slot {
    iovec buffer;
    sockaddr_storage sender;
    alignas(cmsghdr) char control[kControlBytes];
  };

  std::unique_ptr<char[]> memory_;  // pages take memory only once they are used
  std::size_t slot_bytes_;
  std::vector<Slot> slots_;
  std::vector<mmsghdr> messages_;
};

}  // namespace netcat
