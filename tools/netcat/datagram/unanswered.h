// unanswered.h - what was sent to the first of a name's addresses, in case only the next has a
// listener.
#pragma once

#include <string>
#include <vector>

#include "tools/netcat/datagram/datagram_socket.h"

namespace netcat {

class Unanswered {
 public:
  void add(std::string_view datagram);
  void clear() { datagrams_.clear(); }
  // Sends it all again.  False if there was too much to keep.
  bool send(DatagramSocket& socket);

 private:
  std::vector<std::string> datagrams_;
  std::size_t bytes_ = 0;  // of all that were added
};

}  // namespace netcat
