#include "tools/netcat/listen.h"

#include <deque>
#include <list>

#include "common/net/listener.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/hub.h"
#include "tools/netcat/reception.h"
#include "tools/netcat/relay_stdio.h"
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

constexpr net::Millis kAcceptPause{100};  // when the system has no descriptor left

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
  if (session.security && !session.security->certificate().empty())
    say_certificate(session.options, session.security->certificate());
  co_return Outcome{};
}

// --- one client ---

namespace {

// The first client of any listener.
class FirstClient {
 public:
  FirstClient(Session& session, Listeners& listeners, const Access& access);

  // Until there is one, or an error: UV_ETIMEDOUT.
  Task<> wait(net::Deadline deadline);

  std::unique_ptr<Channel> channel;
  SockAddr peer;
  Error error;

 private:
  Task<> accept_from(Listener& listener, net::Timer& room);
  void try_accept(Listener& listener);
  Task<> limit_wait(net::Deadline deadline);
  void settle(Error e);
  bool settled() const { return channel || error; }

  Session& session_;
  Listeners& listeners_;
  Reception reception_;
  net::Timer limit_;
  std::list<net::Timer> rooms_;  // one for each listener, woken when a handshake has ended
};

FirstClient::FirstClient(Session& session, Listeners& listeners, const Access& access)
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
  Result<Fd> socket = listener.accept();
  if (socket)
    reception_.receive(std::move(*socket));
  else if (socket.error() != Error(UV_EAGAIN))
    settle(socket.error());
}

Task<> FirstClient::wait(net::Deadline deadline) {
  net::WaitGroup waiting;
  if (session_.options.timeout != net::kForever) waiting.go(limit_wait(deadline));
  for (Listener& listener : listeners_)
    waiting.go(accept_from(listener, rooms_.emplace_back(session_.loop)));
  co_await waiting.wait();
  reception_.close();
  co_await reception_.wait();
}

void FirstClient::settle(Error e) {
  error = e;
  limit_.wake();
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
    if (reception_.is_full()) continue;  // by way of another listener
    try_accept(listener);
  }
}

// A client may have come while the process was stopped.
Task<> FirstClient::limit_wait(net::Deadline deadline) {
  Error e = co_await limit_.wait(deadline.left());
  if (e) co_return;
  for (Listener& listener : listeners_)
    if (!settled()) try_accept(listener);
  if (!settled()) settle(UV_ETIMEDOUT);
}

}  // namespace

static Task<Outcome> serve_one(Session& session, Stdio& local, Listeners& listeners,
                               const Access& access, net::Deadline deadline) {
  const Options& options = session.options;
  FirstClient first(session, listeners, access);
  co_await first.wait(deadline);
  if (session.is_output_gone) co_return Outcome{kBrokenPipe};
  if (!first.channel) {
    if (first.error != Error(UV_ETIMEDOUT)) co_return not_listening(options, first.error);
    co_return outcome_of({.reason = Verdict::kNoClient}, options, "");
  }
  Outcome outcome = co_await relay_stdio(session, local, *first.channel, first.peer, false);
  co_return outcome;
}

// --- any number of clients ---

namespace {

// The doors of a hub: at the limit nobody is accepted, clients wait in the kernel's queue.
class Doors {
 public:
  Doors(Session& session, Hub& hub, Listeners& listeners, const Access& access)
      : session_(session),
        hub_(hub),
        listeners_(listeners),
        reception_(session, access,
                   [this](std::unique_ptr<Channel> ready, const SockAddr& peer) {
                     ready_.emplace_back(std::move(ready), peer);
                     admit_ready();
                   }),
        first_(session.loop) {
    hub_.on_change = [this] { changed(); };
    reception_.on_room = [this] { changed(); };
  }

  Task<> run();

 private:
  Task<> accept_all(Listener& listener, net::Timer& room);
  void admit_ready();
  Task<> admit_waiting();
  Task<> limit_first();
  void changed();
  bool hub_is_full() const {
    const std::uint64_t most = session_.options.max_conns;
    return most > 0 && hub_.count() >= most;
  }
  bool is_full() const {
    const std::uint64_t most = session_.options.max_conns;
    return reception_.is_full() || (most > 0 && hub_.count() + ready_.size() >= most);
  }

  Session& session_;
  Hub& hub_;
  Listeners& listeners_;
  Reception reception_;
  // After their handshakes, without a place yet.
  std::deque<std::pair<std::unique_ptr<Channel>, SockAddr>> ready_;
  net::Timer seat_{session_.loop};  // woken when there may be a client and a place for it
  net::Timer first_;                // woken when the first client comes
  std::list<net::Timer> rooms_;     // one for each listener, woken when a client leaves
};

Task<> Doors::run() {
  net::WaitGroup tasks;
  for (Listener& listener : listeners_)
    tasks.go(accept_all(listener, rooms_.emplace_back(session_.loop)));
  tasks.go(admit_waiting());
  if (session_.options.timeout != net::kForever) tasks.go(limit_first());
  co_await tasks.wait();
  reception_.close();
  co_await reception_.wait();
}

void Doors::changed() {
  seat_.wake();
  for (net::Timer& room : rooms_) room.wake();
  if (!hub_.ended()) return;
  first_.wake();
  for (Listener& listener : listeners_) listener.close();
}

// A client may have come while the process was stopped.
Task<> Doors::limit_first() {
  Error e = co_await first_.wait(session_.options.timeout);
  if (e) co_return;
  for (Listener& listener : listeners_)
    if (Result<Fd> socket = listener.accept()) reception_.receive(std::move(*socket));
  if (hub_.count() == 0) hub_.end({.reason = Verdict::kNoClient});
}

Task<> Doors::accept_all(Listener& listener, net::Timer& room) {
  bool said = false;
  while (!hub_.ended()) {
    Error e = co_await listener.readable();
    if (e) co_return;
    if (is_full()) {
      if (!reception_.is_full()) hub_.make_room();
      (void)co_await room.wait(net::kForever);  // or the end, which the loop sees
      continue;
    }
    Result<Fd> socket = listener.accept();
    if (socket) {
      said = false;
      reception_.receive(std::move(*socket));
    } else if (socket.error() != Error(UV_EAGAIN)) {
      if (!std::exchange(said, true))
        say_problem(session_.options, {}, std::string("accept: ") + socket.error().message());
      hub_.make_room();
      e = co_await net::sleep(session_.loop, kAcceptPause);
      if (e) co_return;
    }
  }
}

void Doors::admit_ready() {
  while (!ready_.empty() && !hub_is_full() && !hub_.ended()) {
    first_.wake();
    auto [channel, peer] = std::move(ready_.front());
    ready_.pop_front();
    hub_.admit(std::move(channel), peer);
  }
  if (!ready_.empty()) hub_.make_room();
}

// A place is free only after whoever left it has been told of.
Task<> Doors::admit_waiting() {
  while (!hub_.ended()) {
    Error e = co_await seat_.wait(net::kForever);
    if (e == Error(UV_ECANCELED)) co_return;
    admit_ready();
  }
}

}  // namespace

static void report_client(const Session& session, const SockAddr& peer, const Channel& channel,
                          const Tally& tally, const Verdict& verdict) {
  const Options& options = session.options;
  const bool unexpected = verdict.reason == Verdict::kLost && !tally.peer_ended;
  const std::string failure = channel.failure();
  if (unexpected) say_problem(options, peer, failure.empty() ? verdict.error.message() : failure);
  const bool unread = verdict.reason == Verdict::kIdle && verdict.resets;  // input that was for it
  if (unread || verdict.reason == Verdict::kStuck)
    say_problem(options, peer, "does not read: disconnected");
  say_closed(options, peer, tally, outcome_of(verdict, options, "", failure), channel.tls_end());
}

static Task<Outcome> serve_all(Session& session, Stdio& local, Listeners& listeners,
                               const Access& access) {
  const auto on_closed = [&session](const SockAddr& peer, const Channel& channel,
                                    const Tally& tally, const Verdict& how) {
    report_client(session, peer, channel, tally, how);
  };
  Hub hub(session, local, terms_of(session.options, local.input()), on_closed);
  session.on_output_gone = [&hub] { hub.output_gone(); };
  Doors doors(session, hub, listeners, access);
  net::WaitGroup accepting;
  accepting.go(doors.run());
  const Verdict verdict = co_await hub.run();
  co_await accepting.wait();
  session.on_output_gone = nullptr;
  co_return outcome_of(verdict, session.options, session.log.problem());
}

Task<Outcome> listen(Session& session, Stdio& local) {
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
    outcome = co_await serve_all(session, local, listeners, access);
  else if (outcome.status == net::kOk)
    outcome = co_await serve_one(session, local, listeners, access, deadline);
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
