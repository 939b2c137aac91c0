#include "tools/netcat/listen.h"

#include "common/listener.h"
#include "tools/netcat/crowd.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Fd;
using net::Listener;
using net::Loop;
using net::Result;
using net::SockAddr;
using net::Task;

using Listeners = std::vector<Listener>;

static Outcome not_listening(const Options& options, Error e) {
  return {net::kNoListen, "listen on " + options.where() + ": " + e.message()};
}

Outcome bind_all(const Options& options, const net::ListenOptions& how, std::vector<Fd>& bound) {
  std::vector<SockAddr> addresses;
  if (options.unix_domain) {
    const auto address = SockAddr::unix_path(options.path);
    if (!address) return {net::kUsage, options.path + ": " + address.error().message()};
    addresses.push_back(*address);
  } else {
    const auto found =
        net::passive_addresses(options.host, options.port, options.family, options.numeric);
    if (!found) return {net::kNoName, options.host + ": " + found.error().message()};
    addresses = *found;
  }
  net::ListenOptions prepared = how;
  prepared.prepare = [&options](int fd, int family) { options.socket.apply(fd, family); };
  auto sockets = net::bind_sockets(addresses, prepared);
  if (!sockets) return not_listening(options, sockets.error());
  bound = std::move(*sockets);
  return {};
}

static Outcome open_listeners(Loop& loop, const Options& options, Listeners& listeners) {
  const net::ListenOptions how{.dead_peer = net::Millis::zero()};
  std::vector<Fd> sockets;
  Outcome outcome = bind_all(options, how, sockets);
  if (outcome.status != net::kOk) return outcome;
  for (Fd& socket : sockets) {
    auto listener = Listener::listen(loop, std::move(socket), how);
    if (!listener) return not_listening(options, listener.error());
    listeners.push_back(std::move(*listener));
  }
  for (const Listener& listener : listeners) say_listening(options, listener.address());
  return {};
}

// --- one client ---

namespace {

// The first client of any listener.
struct FirstClient {
  const Options& options;
  const Access& access;
  Listeners& listeners;
  Fd socket;
  Error error;
  bool settled() const { return socket || error; }
  void settle() {
    for (Listener& listener : listeners) listener.close();
  }
};

}  // namespace

static Task<> accept_first(FirstClient& first, Listener& listener, net::Timer& limit) {
  while (!first.settled()) {
    Error e = co_await listener.readable();
    if (e || first.settled()) co_return;
    Result<Fd> socket = listener.accept();
    const SockAddr peer = socket ? SockAddr::peer(socket->get()) : SockAddr();
    if (socket && !first.access.admits(peer))
      say_denied(first.options, peer);
    else if (socket)
      first.socket = std::move(*socket);
    else if (socket.error() != Error(UV_EAGAIN))
      first.error = socket.error();
  }
  first.settle();
  limit.wake();
}

static Task<> limit_wait(FirstClient& first, net::Timer& limit, net::Millis time) {
  Error e = co_await limit.wait(time);
  if (e) co_return;
  first.error = UV_ETIMEDOUT;
  first.settle();
}

static Task<Outcome> serve_one(Session& session, Listeners& listeners, const Access& access) {
  const Options& options = session.options;
  FirstClient first{options, access, listeners, Fd(), Error()};
  net::Timer limit(session.loop);
  net::WaitGroup waiting;
  if (options.timeout != net::kForever) waiting.go(limit_wait(first, limit, options.timeout));
  for (Listener& listener : listeners) waiting.go(accept_first(first, listener, limit));
  co_await waiting.wait();
  if (!first.socket) {
    const bool timed_out = first.error == Error(UV_ETIMEDOUT);
    const char* why = timed_out ? "no client in time (-w)" : first.error.message();
    const int status = timed_out ? net::kTimedOut : net::kNoListen;
    co_return Outcome{status, "listen on " + options.where() + ": " + why};
  }
  const int fd = first.socket.get();
  say_received(options, SockAddr::peer(fd), SockAddr::local(fd));
  Outcome outcome = co_await relay(session, std::move(first.socket));
  co_return outcome;
}

Task<Outcome> listen(Session& session) {
  const Options& options = session.options;
  Access access;
  Outcome outcome = access.load(options);
  if (outcome.status != net::kOk) co_return outcome;
  Listeners listeners;
  // Without our Unix path left behind.
  FatalSignals signals(session.loop, [&listeners] {
    for (Listener& listener : listeners) listener.close();
  });
  outcome = open_listeners(session.loop, options, listeners);
  if (outcome.status == net::kOk && options.keep_open)
    outcome = co_await serve_crowd(session, listeners, access);
  else if (outcome.status == net::kOk)
    outcome = co_await serve_one(session, listeners, access);
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
