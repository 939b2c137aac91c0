#include "tools/netcat/listen.h"

#include "common/net/listener.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/relay/crowd.h"
#include "tools/netcat/relay/output_guard.h"
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

Task<Outcome> bind_all(Loop& loop, const Options& options, net::ListenOptions how,
                       net::Deadline deadline, std::vector<Fd>& bound) {
  std::vector<SockAddr> addresses;
  if (options.unix_domain) {
    const auto address = SockAddr::unix_path(options.path);
    if (!address) co_return Outcome{net::kUsage, options.path + ": " + address.error().message()};
    addresses.push_back(*address);
  } else {
    const auto found = co_await net::lookup(loop, options.host, options.port, options.family,
                                            options.numeric, deadline);
    if (!found) co_return not_found(options.host, found.error());
    addresses = *found;
  }
  how.prepare = [&options](int fd, int family) { options.socket.apply(fd, family); };
  auto sockets = net::bind_sockets(addresses, how);
  if (!sockets) co_return not_listening(options, sockets.error());
  bound = std::move(*sockets);
  co_return Outcome{};
}

static Task<Outcome> open_listeners(Session& session, net::Deadline deadline,
                                    Listeners& listeners) {
  const net::ListenOptions how{.dead_peer = net::Millis::zero()};
  std::vector<Fd> sockets;
  Outcome outcome = co_await bind_all(session.loop, session.options, how, deadline, sockets);
  if (outcome.status != net::kOk) co_return outcome;
  for (Fd& socket : sockets) {
    auto listener = Listener::listen(session.loop, std::move(socket), how);
    if (!listener) co_return not_listening(session.options, listener.error());
    listeners.push_back(std::move(*listener));
  }
  if (!session.options.unix_domain) session.options.port = listeners.front().address().port();
  for (const Listener& listener : listeners) say_listening(session.options, listener.address());
  co_return Outcome{};
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

static Task<> limit_wait(FirstClient& first, net::Timer& limit, net::Deadline deadline) {
  Error e = co_await limit.wait(deadline.left());
  if (e) co_return;
  first.error = UV_ETIMEDOUT;
  first.settle();
}

static Task<Outcome> serve_one(Session& session, Listeners& listeners, const Access& access,
                               net::Deadline deadline) {
  const Options& options = session.options;
  OutputGuard guard(session);
  FirstClient first{options, access, listeners, Fd(), Error()};
  net::Timer limit(session.loop);
  net::WaitGroup waiting;
  if (options.timeout != net::kForever) waiting.go(limit_wait(first, limit, deadline));
  for (Listener& listener : listeners) waiting.go(accept_first(first, listener, limit));
  co_await waiting.wait();
  const bool gone = co_await guard.release();
  if (gone) co_return Outcome{kBrokenPipe, ""};
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
  const net::Deadline deadline(options.timeout);
  Access access;
  Outcome outcome = co_await access.load(session.loop, options, deadline);
  if (outcome.status != net::kOk) co_return outcome;
  Listeners listeners;
  // Without our Unix path left behind.
  FatalSignals signals(session.loop, [&listeners] {
    for (Listener& listener : listeners) listener.close();
  });
  outcome = co_await open_listeners(session, deadline, listeners);
  if (options.keep_open) net::raise_descriptor_limit();
  if (outcome.status == net::kOk && options.keep_open)
    outcome = co_await serve_crowd(session, listeners, access);
  else if (outcome.status == net::kOk)
    outcome = co_await serve_one(session, listeners, access, deadline);
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
