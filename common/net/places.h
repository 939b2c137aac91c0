// places.h - --max-per-address: how many connections of one client address are served at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "common/net/address.h"
#include "common/net/fd.h"

namespace net {

// For any thread.  Clients of Unix-domain sockets have no address, and no limit.
class Places {
 public:
  // per_address: 0: no limit.  waiting: connections, of all addresses, that may wait for a place.
  Places(std::uint64_t per_address, std::size_t waiting)
      : max_(per_address), waiting_max_(waiting) {}

  bool limited(const SockAddr& peer) const { return max_ > 0 && peer.family() != AF_UNIX; }

  enum class Entry { kServed, kWaits, kRefused };
  // kServed: call leave() at its end.  kWaits: `socket` is kept.
  Entry enter(const SockAddr& peer, Fd& socket);
  // Gives the place of a served connection to the next one of that address that waits, if any.
  std::optional<Fd> leave(const SockAddr& peer);
  // The hosts (SockAddr::plain_host) of the connections that wait.
  std::set<std::string> waited_for();

 private:
  struct Address {
    std::uint64_t served = 0;
    std::deque<Fd> waiting;
  };
  const std::uint64_t max_;
  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::unordered_map<std::string, Address> addresses_;  // with a connection each
  std::size_t waiting_ = 0;
};

}  // namespace net
