// inbox.h - datagrams, received many at a time: recvmmsg(2).
#pragma once

#include <sys/socket.h>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/net/address.h"
#include "common/net/result.h"

namespace netcat {

// The address of ours that a datagram was sent to, from which its answer is to come.
struct LocalEnd {
  int family = AF_UNSPEC;  // AF_UNSPEC: unknown
  in_addr v4{};
  in6_addr v6{};
  unsigned interface = 0;  // IPv6: of a link-local or multicast address

  net::SockAddr address(std::uint16_t port) const;
  // As a control message; returns its size, 0 where the address is unknown.
  std::size_t write_to(std::span<char> control) const;
};

class Inbox {
 public:
  struct Datagram {
    std::string_view data;
    std::size_t size = 0;  // its real size: greater than data's if it was truncated
    net::SockAddr sender;  // empty unless asked for; a Unix sender need not have an address
    LocalEnd local;        // known if the socket reports it (IP_PKTINFO)
    // Not 0: these are several datagrams of this size, of which the last may be shorter (UDP_GRO).
    std::size_t segment = 0;
  };

  explicit Inbox(bool unix_domain);

  // Takes up to `most` datagrams that are there now.  UV_EAGAIN: none.
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

  std::unique_ptr<char[]> memory_;  // its pages are real only once they are used
  std::size_t slot_bytes_;
  std::vector<Slot> slots_;
  std::vector<mmsghdr> messages_;
};

}  // namespace netcat
