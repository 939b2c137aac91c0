// peer.h - the other end of a connection: plain sockets, without code of the tested programs.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "channel.h"

namespace e2e {

// A connected stream socket.
class Socket : public Channel {
 public:
  using Channel::Channel;
  // Half-close: the peer reads end of file.
  void finish();
  // One byte of urgent data.
  void send_urgent(char byte);
  // Closes with a reset (SO_LINGER 0).
  void reset();
  int local_port() const;
  std::string peer_address() const;
  int peer_port() const;
  // Bytes sent that the peer's host has not acknowledged.
  int unacknowledged() const;
};

struct ConnectOptions {
  // Sets a tiny receive buffer and segment size, so that the peer's writes soon block.
  bool narrow = false;
};

// Connects to a numeric address; throws when that fails.
Socket connect_tcp(const std::string& address, int port, ConnectOptions options = {});
// `path` or, with a leading @, an abstract name.
Socket connect_unix(const std::string& path);
// True when a connection to the address is accepted by the kernel.
bool can_connect(const std::string& address, int port);
bool can_connect_unix(const std::string& path);
// True when a process listens on the TCP port; unlike can_connect(), this does not occupy its
// queue.
bool is_listened_on(int port);

// A listening socket.
class Listener {
 public:
  // Listens on a port that the kernel picks and that has no service name.  With `backlog` 0 the
  // queue holds one connection.
  static Listener tcp(const std::string& address = "127.0.0.1", int backlog = 128);
  // The same at every address that another program may take "localhost" for.
  static Listener localhost();
  static Listener unix_socket(const std::string& path);

  Socket accept(Millis patience = kPatience);
  int port() const { return port_; }
  std::string port_text() const { return std::to_string(port_); }
  const Fd& fd() const { return fd_; }
  void close() { fd_.close(); }
  // TCP: from now on connections are refused, and the kernel gives the port to nobody else.
  void refuse();
  // Makes connections that are accepted from now on have a receive buffer of a few KiB.
  void narrow();

 private:
  explicit Listener(Fd fd, int port) : fd_(std::move(fd)), port_(port) {}
  Fd fd_;
  int port_;
};

// A port of 127.0.0.1 that was free a moment ago.
int free_port();

// A connected pair of Unix sockets or the two ends of a pipe (read end, write end).
std::pair<Fd, Fd> socket_pair();
std::pair<Fd, Fd> pipe_pair();

// A datagram socket for sd_notify: receives one message.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path);
  std::string receive(Millis patience = kPatience);

 private:
  Fd fd_;
};

}  // namespace e2e
