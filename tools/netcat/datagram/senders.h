// senders.h - remembers which senders have been reported.
#pragma once

#include <deque>
#include <string>
#include <unordered_set>

#include "common/net/address.h"

namespace netcat {

// Remembers only the latest 4,096, because forged source addresses have no limit.
class Senders {
 public:
  static constexpr std::size_t kMost = 4096;

  // Returns true if the address was not remembered yet.
  bool add(const net::SockAddr& sender) {
    std::string key(reinterpret_cast<const char*>(sender.get()), sender.size());
    if (key == latest_ && !order_.empty()) return false;
    latest_ = key;
    if (!known_.insert(key).second) return false;
    order_.push_back(std::move(key));
    if (order_.size() <= kMost) return true;
    known_.erase(order_.front());
    order_.pop_front();
    return true;
  }

 private:
  std::string latest_;
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;
};

}  // namespace netcat
