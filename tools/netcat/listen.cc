#include "tools/netcat/listen.h"

#include <list>

#include "common/net/listener.h"
#include "tools/netcat/access.h"
#include "tools/netcat/channel/socket.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/hub.h"
#include "tools/netcat/program/clients.h"
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
  co_return Outcome{};
}

// Without our Unix path left behind.
static void close_all(Listeners& listeners) {
  for (Listener& listener : listeners) listener.close();
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

struct ClientChannel {
  std::unique_ptr<Channel> channel;
  SockAddr peer;
};

}  // namespace

static void try_accept(FirstClient& first, Listener& listener) {
  Result<Fd> socket = listener.accept();
  const SockAddr peer = socket ? SockAddr::peer(socket->get()) : SockAddr();
  if (socket && !first.access.admits(peer))
    say_denied(first.options, peer);
  else if (socket)
    first.socket = std::move(*socket);
  else if (socket.error() != Error(UV_EAGAIN))
    first.error = socket.error();
}

static Task<> accept_first(FirstClient& first, Listener& listener, net::Timer& limit) {
  while (!first.settled()) {
    Error e = co_await listener.readable();
    if (e || first.settled()) co_return;
    try_accept(first, listener);
  }
  first.settle();
  limit.wake();
}

// A client may have come while the process was stopped.
static Task<> limit_wait(FirstClient& first, net::Timer& limit, net::Deadline deadline) {
  Error e = co_await limit.wait(deadline.left());
  if (e) co_return;
  for (Listener& listener : first.listeners)
    if (!first.settled()) try_accept(first, listener);
  if (!first.settled()) first.error = UV_ETIMEDOUT;
  first.settle();
}

// Success with a client, or why there is none.
static Task<Outcome> first_client(Session& session, Listeners& listeners, const Access& access,
                                  net::Deadline deadline, ClientChannel& client) {
  const Options& options = session.options;
  FirstClient first{options, access, listeners, Fd(), Error()};
  net::Timer limit(session.loop);
  net::WaitGroup waiting;
  if (options.timeout != net::kForever) waiting.go(limit_wait(first, limit, deadline));
  for (Listener& listener : listeners) waiting.go(accept_first(first, listener, limit));
  co_await waiting.wait();
  if (session.is_output_gone) co_return Outcome{kBrokenPipe};
  if (!first.socket) {
    if (first.error != Error(UV_ETIMEDOUT)) co_return not_listening(options, first.error);
    co_return outcome_of({.reason = Verdict::kNoClient}, options, "");
  }
  const int fd = first.socket.get();
  client.peer = SockAddr::peer(fd);
  say_received(options, client.peer, SockAddr::local(fd));
  client.channel = std::make_unique<Socket>(session.loop, std::move(first.socket));
  co_return Outcome{};
}

// --- any number of clients ---

namespace {

// The doors of -k: at the limit nobody is accepted, clients wait in the kernel's queue.
class Doors {
 public:
  using Admit = std::function<void(std::unique_ptr<Channel>, const SockAddr& peer)>;

  Doors(Session& session, Guests& guests, Admit admit, Listeners& listeners, const Access& access)
      : session_(session),
        guests_(guests),
        admit_(std::move(admit)),
        listeners_(listeners),
        access_(access),
        first_(session.loop) {
    guests_.on_change = [this] { changed(); };
  }

  Task<> run();

 private:
  Task<> accept_all(Listener& listener, net::Timer& room);
  void admit(Fd socket);
  Task<> limit_first();
  void changed();
  bool is_full() const {
    const std::uint64_t most = session_.options.max_conns;
    return most > 0 && guests_.count() >= most;
  }

  Session& session_;
  Guests& guests_;
  Admit admit_;
  Listeners& listeners_;
  const Access& access_;
  net::Timer first_;             // woken when the first client comes
  std::list<net::Timer> rooms_;  // one for each listener, woken when a client leaves
};

Task<> Doors::run() {
  net::WaitGroup tasks;
  for (Listener& listener : listeners_)
    tasks.go(accept_all(listener, rooms_.emplace_back(session_.loop)));
  if (session_.options.timeout != net::kForever) tasks.go(limit_first());
  co_await tasks.wait();
}

void Doors::changed() {
  for (net::Timer& room : rooms_) room.wake();
  if (!guests_.ended()) return;
  first_.wake();
  for (Listener& listener : listeners_) listener.close();
}

// A client may have come while the process was stopped.
Task<> Doors::limit_first() {
  Error e = co_await first_.wait(session_.options.timeout);
  if (e) co_return;
  for (Listener& listener : listeners_)
    if (Result<Fd> socket = listener.accept()) admit(std::move(*socket));
  if (guests_.count() == 0) guests_.end({.reason = Verdict::kNoClient});
}

Task<> Doors::accept_all(Listener& listener, net::Timer& room) {
  bool said = false;
  while (!guests_.ended()) {
    Error e = co_await listener.readable();
    if (e) co_return;
    if (is_full()) {
      guests_.make_room();
      (void)co_await room.wait(net::kForever);  // or the end, which the loop sees
      continue;
    }
    Result<Fd> socket = listener.accept();
    if (socket) {
      said = false;
      admit(std::move(*socket));
    } else if (socket.error() != Error(UV_EAGAIN)) {
      if (!std::exchange(said, true))
        say_problem(session_.options, {}, std::string("accept: ") + socket.error().message());
      guests_.make_room();
      e = co_await net::sleep(session_.loop, kAcceptPause);
      if (e) co_return;
    }
  }
}

void Doors::admit(Fd socket) {
  const SockAddr peer = SockAddr::peer(socket.get());
  if (!access_.admits(peer)) return say_denied(session_.options, peer);
  say_received(session_.options, peer, SockAddr::local(socket.get()));
  first_.wake();
  admit_(std::make_unique<Socket>(session_.loop, std::move(socket)), peer);
}

}  // namespace

static void report_client(const Session& session, const SockAddr& peer, const Tally& tally,
                          const Verdict& verdict) {
  const Options& options = session.options;
  const bool unexpected = verdict.reason == Verdict::kLost && !tally.peer_ended;
  if (unexpected) say_problem(options, peer, verdict.error.message());
  const bool unread = verdict.reason == Verdict::kIdle && verdict.resets;  // input that was for it
  if (unread || verdict.reason == Verdict::kStuck)
    say_problem(options, peer, "does not read: disconnected");
  say_closed(options, peer, tally, outcome_of(verdict, options, ""));
}

static Task<Outcome> serve_all(Session& session, Stdio& local, Listeners& listeners,
                               const Access& access) {
  const auto on_closed = [&session](const SockAddr& peer, const Tally& tally, const Verdict& how) {
    report_client(session, peer, tally, how);
  };
  Hub hub(session, local, terms_of(session.options, local.input()), on_closed);
  session.on_output_gone = [&hub] { hub.output_gone(); };
  const auto admit = [&hub](std::unique_ptr<Channel> client, const SockAddr& peer) {
    hub.admit(std::move(client), peer);
  };
  Doors doors(session, hub, admit, listeners, access);
  net::WaitGroup accepting;
  accepting.go(doors.run());
  const Verdict verdict = co_await hub.run();
  co_await accepting.wait();
  session.on_output_gone = nullptr;
  co_return outcome_of(verdict, session.options, session.log.problem());
}

static Task<Outcome> serve_one(Session& session, Stdio& local, Listeners& listeners,
                               const Access& access, net::Deadline deadline) {
  ClientChannel client;
  Outcome outcome = co_await first_client(session, listeners, access, deadline, client);
  if (client.channel)
    outcome = co_await relay_stdio(session, local, *client.channel, client.peer, false);
  co_return outcome;
}

Task<Outcome> listen(Session& session, Stdio& local) {
  const Options& options = session.options;
  const net::Deadline deadline(options.timeout);
  Access access;
  Outcome outcome = co_await access.load(session.loop, options, deadline);
  if (outcome.status != net::kOk) co_return outcome;
  Listeners listeners;
  FatalSignals signals(session.loop, [&listeners] { close_all(listeners); });
  outcome = co_await open_listeners(session, deadline, listeners);
  if (options.keep_open) net::raise_descriptor_limit();
  if (outcome.status == net::kOk && options.keep_open)
    outcome = co_await serve_all(session, local, listeners, access);
  else if (outcome.status == net::kOk)
    outcome = co_await serve_one(session, local, listeners, access, deadline);
  co_await signals.release();
  co_return outcome;
}

// --- with programs ---

static Task<Outcome> run_one(Session& session, Programs& programs, Listeners& listeners,
                             const Access& access, net::Deadline deadline) {
  ClientChannel client;
  Outcome outcome = co_await first_client(session, listeners, access, deadline, client);
  if (client.channel) outcome = co_await programs.run(std::move(client.channel), client.peer);
  co_return outcome;
}

static Task<Outcome> run_all(Session& session, Programs& programs, Listeners& listeners,
                             const Access& access) {
  ProgramClients clients(session, programs);
  const auto admit = [&clients](std::unique_ptr<Channel> client, const SockAddr& peer) {
    clients.admit(std::move(client), peer);
  };
  Doors doors(session, clients, admit, listeners, access);
  co_await doors.run();
  const Verdict verdict = co_await clients.wait();
  if (programs.stopped_by() != 0) co_return Outcome{programs.stopped_by()};
  co_return outcome_of(verdict, session.options, "");
}

Task<Outcome> listen(Session& session, Programs& programs) {
  const Options& options = session.options;
  const net::Deadline deadline(options.timeout);
  Access access;
  Outcome outcome = co_await access.load(session.loop, options, deadline);
  if (outcome.status != net::kOk) co_return outcome;
  Listeners listeners;
  FatalSignals signals(session.loop, [&listeners, &programs](int number) {
    close_all(listeners);
    return !programs.stop(number);
  });
  outcome = co_await open_listeners(session, deadline, listeners);
  if (outcome.status == net::kOk && options.keep_open)
    outcome = co_await run_all(session, programs, listeners, access);
  else if (outcome.status == net::kOk)
    outcome = co_await run_one(session, programs, listeners, access, deadline);
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
