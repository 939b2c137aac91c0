#include "common/net/places.h"

namespace net {

// A socket for both families has an IPv4 client's address as ::ffff:10.0.0.1.
static std::string host_of(const SockAddr& peer) {
  constexpr std::string_view kMapped = "::ffff:";
  std::string host = peer.host();
  if (host.starts_with(kMapped) && host.find('.') != host.npos) host.erase(0, kMapped.size());
  return host;
}

Places::Entry Places::enter(const SockAddr& peer, Fd& socket) {
  const std::lock_guard lock(mutex_);
  Address& address = addresses_[host_of(peer)];
  if (address.served < max_) {
    ++address.served;
    return Entry::kServed;
  }
  if (waiting_ == waiting_max_) return Entry::kRefused;
  ++waiting_;
  address.waiting.push_back(std::move(socket));
  return Entry::kWaits;
}

std::optional<Fd> Places::leave(const SockAddr& peer) {
  const std::lock_guard lock(mutex_);
  const auto found = addresses_.find(host_of(peer));
  CHECK(found != addresses_.end());
  Address& address = found->second;
  if (address.waiting.empty()) {
    if (--address.served == 0) addresses_.erase(found);
    return std::nullopt;
  }
  --waiting_;
  std::optional<Fd> next = std::move(address.waiting.front());
  address.waiting.pop_front();
  return next;
}

}  // namespace net
