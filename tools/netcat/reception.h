// reception.h - accepted clients before they are served: the access list and, with --tls, the
// handshake.  A client whose handshake fails does not count.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "tools/netcat/access.h"
#include "tools/netcat/session.h"

namespace netcat {

class Reception {
 public:
  using OnReady = std::function<void(std::unique_ptr<Channel>, const net::SockAddr&)>;

  // on_ready: called with each client as soon as it can be served.
  Reception(Session& session, const Access& access, OnReady on_ready)
      : session_(session), access_(access), on_ready_(std::move(on_ready)) {}

  void receive(net::Fd socket, const net::SockAddr& peer);
  // True if the maximum number of handshakes is in progress; further clients wait in the kernel's
  // queue.
  bool is_full() const { return handshakes_.size() >= kHandshakes; }
  // Called when is_full() may have changed.
  std::function<void()> on_room;

  // Disconnects the clients that are not ready yet.
  void close();
  // Waits until all of those have been disconnected.
  net::Task<> wait();
  // Waits until each admitted client has been reported.
  net::Task<> reported();

 private:
  static constexpr std::size_t kHandshakes = 16;
  net::Task<> greet(std::unique_ptr<Channel> socket, net::SockAddr peer, net::SockAddr local);
  net::Task<> report(net::SockAddr peer, net::SockAddr local, Secured secured);
  net::Task<> report_failure(net::SockAddr peer, std::string why);

  Session& session_;
  const Access& access_;
  OnReady on_ready_;
  std::list<Channel*> handshakes_;
  net::WaitGroup greetings_;
  net::WaitGroup reports_;
  bool closed_ = false;
};

}  // namespace netcat
