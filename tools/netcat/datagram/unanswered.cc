#include "tools/netcat/datagram/unanswered.h"

namespace netcat {

constexpr std::size_t kBytesMost = std::size_t{128} << 10;  // a socket's buffer takes it

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
    (void)socket.send(one, {});  // a refusal shows again at the next call
  }
  return true;
}

}  // namespace netcat
