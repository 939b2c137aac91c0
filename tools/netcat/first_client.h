// first_client.h - the one client of -l without -k.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "common/net/listener.h"
#include "tools/netcat/reception.h"

namespace netcat {

// Accepts the first client of any listener.
class FirstClient {
 public:
  FirstClient(Session& session, std::vector<net::Listener>& listeners, const Access& access);

  // Waits for the client; UV_ETIMEDOUT.
  net::Task<> wait(net::Deadline deadline);
  // Waits until its arrival has been reported.
  net::Task<> reported() { return reception_.reported(); }

  std::unique_ptr<Channel> channel;
  net::SockAddr peer;
  net::Error error;

 private:
  net::Task<> accept_from(net::Listener& listener, net::Timer& room);
  void try_accept(net::Listener& listener);
  net::Task<> limit_wait(net::Deadline deadline);
  void settle(net::Error e);
  bool settled() const { return channel || error; }

  Session& session_;
  std::vector<net::Listener>& listeners_;
  Reception reception_;
  net::Timer limit_;
  std::list<net::Timer> rooms_;  // one for each listener, woken when a handshake has ended
};

}  // namespace netcat
