// udp_peer.h - the other end of netcat -u: a UDP socket on its own port.
#pragma once

#include <sys/socket.h>
#include <string>

#include "channel.h"

namespace e2e {

class UdpPeer {
 public:
  // On 127.0.0.1 or ::1, on a port that the kernel picks.
  explicit UdpPeer(int family = AF_INET);

  // Receives the next datagram, from any sender.
  std::string receive(Millis patience = kPatience);
  // Sends to the sender of the last datagram.
  void answer(const std::string& data);
  void send(int port, const std::string& data, const char* address = "127.0.0.1");
  bool readable(Millis time) const;
  // From now on each send() leaves as datagrams of `bytes`, which the receiver's kernel keeps
  // together if it is told to (UDP_SEGMENT, UDP_GRO).
  void segment_by(int bytes);
  // From now on other senders are refused, as if no process listened on the port.
  void refuse_others();

  int port() const { return port_; }
  std::string port_text() const { return std::to_string(port_); }
  // "127.0.0.1 port N", as netcat's messages have it.
  std::string place() const { return "127.0.0.1 port " + port_text(); }
  int sender_port() const;
  std::string sender_address() const;

 private:
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }
  void set_address(const char* ip, int port);

  Fd fd_;
  sockaddr_storage address_{};  // the last sender or destination
  socklen_t size_ = 0;
  int port_ = 0;
};

}  // namespace e2e
