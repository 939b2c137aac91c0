// doors.h - the listeners of -k: which clients are accepted, and when.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "common/net/listener.h"
#include "tools/netcat/guests.h"
#include "tools/netcat/reception.h"

namespace netcat {

// Accepts the clients of -k.  At the limit it accepts none, and they wait in the kernel's queue.
class Doors {
 public:
  using Admit = std::function<void(std::unique_ptr<Channel>, const net::SockAddr& peer)>;

  Doors(Session& session, Guests& guests, Admit admit, std::vector<net::Listener>& listeners,
        const Access& access);

  // Accepts clients until the guests have ended.
  net::Task<> run();

 private:
  net::Task<> accept_all(net::Listener& listener, net::Timer& room);
  void admit_ready();
  net::Task<> admit_waiting();
  net::Task<> limit_first();
  void changed();
  bool guests_are_full() const {
    const std::uint64_t most = session_.options.max_conns;
    return most > 0 && guests_.count() >= most;
  }
  bool is_full() const {
    const std::uint64_t most = session_.options.max_conns;
    return reception_.is_full() || (most > 0 && guests_.count() + ready_.size() >= most);
  }

  Session& session_;
  Guests& guests_;
  Admit admit_;
  std::vector<net::Listener>& listeners_;
  Reception reception_;
  // Clients that wait for a place after their handshakes.
  std::deque<std::pair<std::unique_ptr<Channel>, net::SockAddr>> ready_;
  net::Timer seat_{session_.loop};  // woken when a client may be ready and a place free
  net::Timer first_;                // woken when the first client arrives
  std::list<net::Timer> rooms_;     // one for each listener, woken when a client leaves
};

}  // namespace netcat
