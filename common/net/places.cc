#include "common/net/places.h"

namespace net {

Places::Entry Places::enter(const SockAddr& peer, Fd& socket) {
  const std::lock_guard lock(mutex_);
  Address& address = addresses_[peer.plain_host()];
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
  const auto found = addresses_.find(peer.plain_host());
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

std::set<std::string> Places::waited_for() {
  const std::lock_guard lock(mutex_);
  std::set<std::string> hosts;
  if (waiting_ == 0) return hosts;
  for (const auto& [host, address] : addresses_)
    if (!address.waiting.empty()) hosts.insert(host);
  return hosts;
}

}  // namespace net
