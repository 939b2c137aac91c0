#include "tools/netcat/first_client.h"

namespace netcat {

using net::Error;
using net::Fd;
using net::Listener;
using net::Result;
using net::SockAddr;
using net::Task;

FirstClient::FirstClient(Session& session, std::vector<Listener>& listeners, const Access& access)
    : session_(session),
      listeners_(listeners),
      reception_(session, access,
                 [this](std::unique_ptr<Channel> ready, const SockAddr& address) {
                   if (settled()) return;
                   channel = std::move(ready);
                   peer = address;
                   settle({});
                 }),
      limit_(session.loop) {
  reception_.on_room = [this] {
    for (net::Timer& room : rooms_) room.wake();
  };
}

void FirstClient::try_accept(Listener& listener) {
  SockAddr address;
  Result<Fd> socket = listener.accept(&address);
  if (socket)
    reception_.receive(std::move(*socket), address);
  else if (socket.error() != Error(UV_EAGAIN))
    settle(socket.error());
}

Task<> FirstClient::wait(net::Deadline deadline) {
  net::WaitGroup waiting;
  if (session_.options.timeout != net::kForever) waiting.go(limit_wait(deadline));
  for (Listener& listener : listeners_)
    waiting.go(accept_from(listener, rooms_.emplace_back(session_.loop)));
  co_await waiting.wait();
  co_await reception_.wait();
}

void FirstClient::settle(Error e) {
  error = e;
  limit_.wake();
  reception_.close();
  reception_.on_room();
  for (Listener& listener : listeners_) listener.close();
}

Task<> FirstClient::accept_from(Listener& listener, net::Timer& room) {
  while (!settled()) {
    if (reception_.is_full()) {
      Error e = co_await room.wait(net::kForever);
      if (e == Error(UV_ECANCELED)) co_return;
      continue;
    }
    Error e = co_await listener.readable();
    if (e || settled()) co_return;
    if (reception_.is_full()) continue;  // filled by another listener
    try_accept(listener);
  }
}

// Applies -w.  First accepts a client that came while the process was stopped.
Task<> FirstClient::limit_wait(net::Deadline deadline) {
  Error e = co_await limit_.wait(deadline.left());
  if (e) co_return;
  for (Listener& listener : listeners_)
    if (!settled()) try_accept(listener);
  if (!settled()) settle(UV_ETIMEDOUT);
}

}  // namespace netcat
