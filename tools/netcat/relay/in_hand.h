// in_hand.h - keeps input that no peer's host has acknowledged yet, so that --reconnect can send it
// again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace netcat {

class InHand {
 public:
  void add(std::string_view input) { bytes_ += input; }
  // Begins a new connection; returns the input to send first.
  std::string_view begin_connection() {
    acknowledged_ = 0;
    return rest();
  }
  // The peer's host has acknowledged this many bytes of this connection.
  void acknowledged(std::uint64_t bytes) {
    if (bytes <= acknowledged_) return;
    front_ += static_cast<std::size_t>(bytes - acknowledged_);
    acknowledged_ = bytes;
    if (front_ < bytes_.size() / 2) return;  // so that each byte is moved once on average
    bytes_.erase(0, front_);
    front_ = 0;
  }
  bool is_empty() const { return rest().empty(); }

 private:
  std::string_view rest() const { return std::string_view(bytes_).substr(front_); }

  std::string bytes_;
  std::size_t front_ = 0;           // everything before it has been acknowledged
  std::uint64_t acknowledged_ = 0;  // on this connection
};

}  // namespace netcat
