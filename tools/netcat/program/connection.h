// connection.h - the state of a connection that a program uses as its standard input and output.
#pragma once

#include <cstdint>

namespace netcat {

class ConnectionLook {
 public:
  enum State { kGood, kEnding, kEnded, kLost };

  // Records the initial counts, before the program gets the socket.
  explicit ConnectionLook(int fd);
  // kEnded: both directions have ended and the peer has acknowledged ours; kLost: reset or timed
  // out.  Does not consume the socket's error, which is for the program.
  State state() const;
  bool peer_has_ended() const;
  // Bytes that were sent since the constructor, and bytes that were unread then or arrived later; 0
  // if the kernel does not count them.
  std::uint64_t sent() const;
  std::uint64_t received() const;

 private:
  struct Counts {
    std::uint64_t sent = 0;          // each byte once
    std::uint64_t acknowledged = 0;  // including our FIN
    std::uint64_t received = 0;      // including the peer's FIN
    bool has_fin = false;            // of the peer; valid until the connection is closed
    bool closed = false;
    bool known = false;
  };
  Counts counts() const;
  bool all_acknowledged(const Counts& now) const;  // including our FIN

  int fd_;
  Counts first_;
};

}  // namespace netcat
