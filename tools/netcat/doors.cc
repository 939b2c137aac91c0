#include "tools/netcat/doors.h"

#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Fd;
using net::Listener;
using net::Result;
using net::SockAddr;
using net::Task;

constexpr net::Millis kAcceptPause{100};  // while the system has no descriptor left

Doors::Doors(Session& session, Guests& guests, Admit admit, std::vector<Listener>& listeners,
             const Access& access)
    : session_(session),
      guests_(guests),
      admit_(std::move(admit)),
      listeners_(listeners),
      reception_(session, access,
                 [this](std::unique_ptr<Channel> ready, const SockAddr& peer) {
                   ready_.emplace_back(std::move(ready), peer);
                   admit_ready();
                 }),
      first_(session.loop) {
  guests_.on_change = [this] { changed(); };
  reception_.on_room = [this] { changed(); };
}

Task<> Doors::run() {
  net::WaitGroup tasks;
  for (Listener& listener : listeners_)
    tasks.go(accept_all(listener, rooms_.emplace_back(session_.loop)));
  tasks.go(admit_waiting());
  if (session_.options.timeout != net::kForever) tasks.go(limit_first());
  co_await tasks.wait();
  reception_.close();
  co_await reception_.wait();
  co_await reception_.reported();
}

void Doors::changed() {
  seat_.wake();
  for (net::Timer& room : rooms_) room.wake();
  if (!guests_.ended()) return;
  first_.wake();
  for (Listener& listener : listeners_) listener.close();
}

// Applies -w to the first client.  First accepts clients that came while the process was stopped.
Task<> Doors::limit_first() {
  Error e = co_await first_.wait(session_.options.timeout);
  if (e) co_return;
  for (Listener& listener : listeners_) {
    SockAddr peer;
    if (Result<Fd> socket = listener.accept(&peer)) reception_.receive(std::move(*socket), peer);
  }
  if (guests_.count() == 0) guests_.end({.reason = Verdict::kNoClient});
}

Task<> Doors::accept_all(Listener& listener, net::Timer& room) {
  bool said = false;
  while (!guests_.ended()) {
    Error e = co_await listener.readable();
    if (e) co_return;
    if (is_full()) {
      if (!reception_.is_full()) guests_.make_room();
      (void)co_await room.wait(net::kForever);  // or the end, which the condition checks
      continue;
    }
    SockAddr peer;
    Result<Fd> socket = listener.accept(&peer);
    if (socket) {
      said = false;
      reception_.receive(std::move(*socket), peer);
    } else if (socket.error() != Error(UV_EAGAIN)) {
      if (!std::exchange(said, true))
        say_problem(session_.options, {}, std::string("accept: ") + socket.error().message());
      guests_.make_room();
      e = co_await net::sleep(session_.loop, kAcceptPause);
      if (e) co_return;
    }
  }
}

void Doors::admit_ready() {
  while (!ready_.empty() && !guests_are_full() && !guests_.ended()) {
    first_.wake();
    auto [channel, peer] = std::move(ready_.front());
    ready_.pop_front();
    admit_(std::move(channel), peer);
  }
  if (!ready_.empty()) guests_.make_room();
}

// Admits clients from a task of its own, so that the end of the last client is reported first.
Task<> Doors::admit_waiting() {
  while (!guests_.ended()) {
    Error e = co_await seat_.wait(net::kForever);
    if (e == Error(UV_ECANCELED)) co_return;
    admit_ready();
  }
}

}  // namespace netcat
