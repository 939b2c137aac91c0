#include "tools/netcat/datagram/unanswered.h"

namespace netcat {

constexpr std::size_t kBytesMost = std::size_t{128} << 10;  // fits into a socket's buffer

void Unanswered::add(std::string_view datagram) {
  bytes_ += datagram.size();
  if (bytes_ <= kBytesMost)
    datagrams_.emplace_back(datagram);
  else
    datagrams_.clear();
}

bool Unanswered::send(DatagramSocket& socket) {
  if (bytes_ > kBytesMost) return false;
  for (const std::string& datagram : datagrams_) {
    const std::string_view one[] = {datagram};
    (void)socket.send(one, {});  // the next call reports a refusal
  }
  return true;
}

}  // namespace netcat
