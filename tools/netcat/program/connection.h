// connection.h - the state of a connection that a program uses as its standard input and output.
#pragma once

#include <cstdint>

namespace netcat {

class ConnectionLook {
 public:
  enum State { kGood, kEnding, kEnded, kLost };

  // Records the first state, before the program has the socket.
  explicit ConnectionLook(int fd);
  // kEnded: in both directions, and the peer has acknowledged it; kLost: reset, or given up. Leaves
  // the socket's error to the program.
  State state() const;
  bool peer_has_ended() const;
  // Bytes that were sent since the first look, and that could be read then or came later; 0 where
  // they are not counted.
  std::uint64_t sent() const;
  std::uint64_t received() const;

 private:
  struct Counts {
    std::uint64_t sent = 0;          // each byte once
    std::uint64_t acknowledged = 0;  // our FIN counts, too
    std::uint64_t received = 0;      // the peer's FIN counts, too
    bool has_fin = false;            // the peer's, while it is not closed
    bool closed = false;
    bool known = false;
  };
  Counts counts() const;
  bool all_acknowledged(const Counts& now) const;  // our FIN, too

  int fd_;
  Counts first_;
};

}  // namespace netcat
