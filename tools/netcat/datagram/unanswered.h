// unanswered.h - keeps the datagrams sent to a name's first address, to send them again to the next
// one.
#pragma once

#include <string>
#include <vector>

#include "tools/netcat/datagram/datagram_socket.h"

namespace netcat {

class Unanswered {
 public:
  void add(std::string_view datagram);
  void clear() { datagrams_.clear(); }
  // Sends everything again; false if there was too much to keep.
  bool send(DatagramSocket& socket);

 private:
  std::vector<std::string> datagrams_;
  std::size_t bytes_ = 0;  // of all datagrams that were added
};

}  // namespace netcat
