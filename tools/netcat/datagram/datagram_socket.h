// datagram_socket.h - netcat's UDP and Unix datagram sockets: opened as the options say.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/listener.h"
#include "tools/netcat/options.h"
#include "tools/netcat/relay/outcome.h"

namespace netcat {

class DatagramSocket {
 public:
  struct Received {
    std::size_t bytes = 0;  // its real size: more than the buffer's if it was cut
    net::SockAddr sender;   // a Unix sender need not have an address
  };

  // A bound or connected socket; its Unix path is removed at the end.
  DatagramSocket(net::Loop& loop, net::Fd socket);
  DatagramSocket(DatagramSocket&&) = default;
  ~DatagramSocket() { close(); }

  // UV_EAGAIN: nothing there.  Of a connected socket also what became of datagrams sent before.
  net::Result<Received> receive(std::span<char> buffer);
  // `to`: empty if connected.  UV_EAGAIN, UV_ENOBUFS: not now.
  net::Error send(std::string_view datagram, const net::SockAddr& to);
  // From then on every ICMP error is told, also those that a router may have sent too soon.
  net::Error connect(const net::SockAddr& peer);
  net::Error pending_error();  // and clears it
  void close();

  auto readable() { return watch_->readable(); }
  auto writable() { return watch_->writable(); }
  void cancel() { watch_->cancel(); }
  net::SockAddr address() const { return net::SockAddr::local(fd_.get()); }
  net::SockAddr peer() const { return net::SockAddr::peer(fd_.get()); }  // if connected

 private:
  net::Error forget_errors(net::Error told);

  net::Fd fd_;
  net::BoundPath path_;
  std::unique_ptr<net::Watch> watch_;
};

struct Datagrams {
  std::vector<DatagramSocket> sockets;  // to receive from; a client's: one for each address
  net::SockAddr to;                     // where to send; empty: connected, or nobody known yet
};

// What was sent to the first of a name's addresses, in case that only the next one has somebody.
class Unanswered {
 public:
  void add(std::string_view datagram);
  void clear() { datagrams_.clear(); }
  // Sends it all again.  False if it was too much to be kept.
  bool send(DatagramSocket& socket);

 private:
  std::vector<std::string> datagrams_;
  std::size_t bytes_ = 0;  // all that there were
};

// Connects, or binds with listen; says so with -v.
net::Task<Outcome> open_datagrams(net::Loop& loop, const Options& options, Datagrams& opened);

}  // namespace netcat
