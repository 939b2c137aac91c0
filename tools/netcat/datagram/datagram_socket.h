// datagram_socket.h - netcat's UDP and Unix datagram sockets: many datagrams in one call.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "common/net/listener.h"
#include "tools/netcat/datagram/inbox.h"

namespace netcat {

// Whether a wildcard socket reports where each datagram was sent to (Inbox::Datagram::local).  What
// arrives between bind(2) and this has no such report.
void report_local_ends(int fd, int family, bool on);

class DatagramSocket {
 public:
  // A bound or connected socket; its Unix path is removed at the end.
  DatagramSocket(net::Loop& loop, net::Fd socket);
  DatagramSocket(DatagramSocket&&) = default;
  ~DatagramSocket() { close(); }

  // Up to `most` datagrams.  UV_EAGAIN: none.  A connected socket, or one that report_errors() was
  // called for, also fails with the ICMP errors that answer what was sent before.
  net::Result<std::size_t> receive(Inbox& inbox, std::size_t most);
  // Returns how many were sent, at least one.  `to`: empty if connected; `from`: the source, if
  // known.  UV_EAGAIN, UV_ENOBUFS: not now.
  net::Result<std::size_t> send(std::span<const std::string_view> datagrams,
                                const net::SockAddr& to, const LocalEnd& from = {});
  // Receives from `peer` only, and sends to it; ICMP errors are reported, also those that a router
  // may have sent too soon.
  net::Error connect(const net::SockAddr& peer);
  void report_errors(int family);
  // Of a connected socket: its peer is the only sender, and need not be named each time.
  void name_no_senders() { names_senders_ = false; }
  bool names_senders() const { return names_senders_; }
  void report_no_local_ends() { report_local_ends(fd_.get(), address().family(), false); }
  // As large a receive buffer as the system allows, up to 4 MiB.
  void widen();
  std::size_t buffer_bytes() const;  // of the receive buffer, as the kernel counts
  void close();

  bool is_open() const { return static_cast<bool>(fd_); }
  bool is_connected() const { return connected_; }
  bool is_wildcard() const;
  int fd() const { return fd_.get(); }
  auto readable() { return watch_->readable(); }
  auto writable() { return watch_->writable(); }
  void cancel() { watch_->cancel(); }
  net::SockAddr address() const { return net::SockAddr::local(fd_.get()); }
  net::SockAddr peer() const { return net::SockAddr::peer(fd_.get()); }  // if connected

 private:
  net::Error forget_errors(net::Error reported);

  net::Fd fd_;
  net::BoundPath path_;
  std::unique_ptr<net::Watch> watch_;
  bool connected_ = false;
  bool names_senders_ = true;
};

// Whether the kernel would send from this local address if it were not told which to use.
bool is_usual_source(const LocalEnd& local, const net::SockAddr& peer);

}  // namespace netcat
