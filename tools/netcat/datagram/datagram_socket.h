// datagram_socket.h - netcat's UDP and Unix datagram sockets: many datagrams in one call.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "common/net/listener.h"
#include "tools/netcat/datagram/inbox.h"

namespace netcat {

// Sets whether a wildcard socket reports the local address of each datagram
// (Inbox::Datagram::local).  Datagrams that arrive between bind(2) and this call have no such
// report.
void report_local_ends(int fd, int family, bool on);

class DatagramSocket {
 public:
  // Takes a bound or connected socket; the destructor removes its Unix path.
  DatagramSocket(net::Loop& loop, net::Fd socket);
  DatagramSocket(DatagramSocket&&) = default;
  ~DatagramSocket() { close(); }

  // Receives up to `most` datagrams; UV_EAGAIN: none.  A connected socket, or one with
  // report_errors(), also returns the ICMP errors that earlier datagrams caused.
  net::Result<std::size_t> receive(Inbox& inbox, std::size_t most);
  // Returns how many datagrams were sent, at least one.  `to`: empty if connected; `from`: the
  // source, if known.  UV_EAGAIN, UV_ENOBUFS: try again later.
  net::Result<std::size_t> send(std::span<const std::string_view> datagrams,
                                const net::SockAddr& to, const LocalEnd& from = {});
  // Receives from `peer` only, and sends to it; ICMP errors are reported, including those from
  // routers that may be temporary.
  net::Error connect(const net::SockAddr& peer);
  void report_errors(int family);
  // Stops naming the sender of each datagram; for a connected socket, whose peer is the only
  // sender.
  void name_no_senders() { names_senders_ = false; }
  bool names_senders() const { return names_senders_; }
  void report_no_local_ends() { report_local_ends(fd_.get(), address().family(), false); }
  // Makes the receive buffer as large as the system allows, up to 4 MiB.
  void widen();
  std::size_t buffer_bytes() const;  // size of the receive buffer, including overhead
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

// Whether the kernel would choose this local address by itself to send to `peer`.
bool is_usual_source(const LocalEnd& local, const net::SockAddr& peer);

}  // namespace netcat
