#include "common/net/worker.h"

#include <algorithm>
#include <csignal>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"

namespace net {

// --- what the loops share ---

// The limit on connections that wait for a place of their address, each of which has a descriptor.
static std::size_t waiting_max(const ServerOptions& options) {
  if (options.max_per_address == 0) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(1024, clients_possible() / 4));
}

Shared::Shared(const ServerOptions& with, const systemd::Manager& of)
    : options(with), manager(of), places(with.max_per_address, waiting_max(with)) {}

Shared::~Shared() = default;

void Shared::set_max_clients() {
  const std::uint64_t possible = clients_possible();
  const auto waiting = std::min<std::uint64_t>(waiting_max(options), possible - 1);
  max_clients = options.max_clients > 0 ? options.max_clients : possible - waiting;
}

bool Shared::enter() {
  if (clients.fetch_add(1) < max_clients) return true;
  clients.fetch_sub(1);
  return false;
}

void Shared::leave() {
  clients.fetch_sub(1);
  if (short_of_room == 0) return;
  for (const auto& worker : workers) worker->loop().post([w = worker.get()] { w->room(); });
}

void Shared::stop() {
  manager.notify("STOPPING=1");
  for (const auto& worker : workers) worker->loop().post([w = worker.get()] { w->stop(); });
}

void Shared::fail(const char* what, Error e) {
  if (status.exchange(kNoListen) != kOk) return;
  log::error("%s: %s", what, e.message());
  stop();
}

void Shared::log_figures() const {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  for (const auto& worker : workers) {
    in += worker->loop().traffic().in.load(std::memory_order_relaxed);
    out += worker->loop().traffic().out.load(std::memory_order_relaxed);
  }
  const auto up =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  log::error(
      "clients now %llu, clients ever %llu, refused %llu, bytes in %llu, bytes out %llu, "
      "uptime %llds",
      static_cast<unsigned long long>(clients), static_cast<unsigned long long>(clients_ever),
      static_cast<unsigned long long>(refused), static_cast<unsigned long long>(in),
      static_cast<unsigned long long>(out), static_cast<long long>(up.count()));
}

// --- one loop ---

static void set_blocked(std::initializer_list<int> signals, bool blocked) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, nullptr);
}

void set_signals_blocked(bool blocked) {
  set_blocked({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGQUIT}, blocked);
}

static bool is_ignored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

struct Worker::Signals {
  explicit Signals(Loop& loop)
      : terminate(loop, SIGTERM),
        interrupt(loop, SIGINT),
        figures(loop, SIGUSR1),
        outlives_hangup(is_ignored(SIGHUP)),
        hangup(loop, SIGHUP) {
    if (!is_ignored(SIGQUIT)) quit.emplace(loop, SIGQUIT);  // ignored in a shell's background job
  }
  Signal terminate;
  Signal interrupt;
  Signal figures;
  const bool outlives_hangup;  // nohup(1): files are read again, but it does not stop us
  Signal hangup;
  std::optional<Signal> quit;
  bool stopping = false;
  bool listening = true;
};

Error Worker::listen(Fd socket, const ListenOptions& options) {
  auto listener = Listener::listen(loop_, std::move(socket), options);
  if (!listener) return listener.error();
  listeners_.push_back(std::move(*listener));
  return {};
}

Task<int> Worker::main(bool with_signals) {
  std::optional<Signals> signals;
  if (with_signals) {
    signals.emplace(loop_);
    set_signals_blocked(false);
    background_.go(stop_on(signals->terminate, SIGTERM, *signals));
    background_.go(stop_on(signals->interrupt, SIGINT, *signals));
    background_.go(log_figures_on(signals->figures));
    background_.go(reload_on(signals->hangup, *signals));
    if (signals->quit) background_.go(die_on(*signals->quit, SIGQUIT));
  }
  background_.go(service_->run());
  WaitGroup accepting;
  for (Listener& listener : listeners_) accepting.go(accept_all(listener));
  co_await accepting.wait();
  if (signals) signals->listening = false;
  if (signals && signals->stopping) co_await stop_catching(*signals);
  co_await conns_.wait();
  // From here on these would have their default action, while other threads may still be serving.
  if (with_signals) set_blocked({SIGUSR1, SIGHUP}, true);
  loop_.cancel_all();
  co_await background_.wait();
  co_return shared_.status;
}

// --- accepting ---

Task<> Worker::accept_all(Listener& listener) {
  for (;;) {
    Error e = co_await listener.readable();
    if (e && e != Error(UV_ECANCELED)) shared_.fail("wait for clients", e);
    if (e) break;
    if (accept_some(listener) == Accepted::kNoRoom) co_await wait_for_room(listener);
  }
  co_await accept_rest(listener);
  listener.close();
}

// Serves the clients whose connections are in the queue when the server stops, because closing the
// listener would reset them.
Task<> Worker::accept_rest(Listener& listener) {
  const std::uint64_t last = shared_.clients_ever + shared_.options.backlog;  // others keep coming
  while (!loop_.canceled() && listener.has_waiting() && shared_.clients_ever < last) {
    if (accept_some(listener) == Accepted::kNoRoom) co_await wait_for_room(listener);
    if (shared_.status != kOk) break;
    co_await yield(loop_);
  }
}

constexpr Millis kLook{500};       // another process's descriptor may be free, a connection idle
constexpr Millis kIdleMin{1'000};  // less may be a pause between two requests

// Until a client leaves, and with it a place or a descriptor is free.
Task<> Worker::wait_for_room(Listener& listener) {
  Timer timer(loop_);
  waiting_for_room_.push_back(&timer);
  ++shared_.short_of_room;
  if (listener.has_waiting()) make_room(shared_.workers.size() - 1);
  if (at_limit() || full_) (void)co_await timer.wait(kLook);
  --shared_.short_of_room;
  std::erase(waiting_for_room_, &timer);
}

void Worker::room() {
  for (Timer* timer : waiting_for_room_) timer->wake();
}

Worker& Worker::following() const {
  const auto self = std::ranges::find_if(
      shared_.workers, [this](const auto& worker) { return worker.get() == this; });
  const bool last = self + 1 == shared_.workers.end();
  return last ? *shared_.workers.front() : **(self + 1);
}

void Worker::make_room(std::size_t others) {
  if (loop_.end_longest_idle(kIdleMin) || others == 0) return;
  following().loop().post([to = &following(), others] { to->make_room(others - 1); });
}

void Worker::make_places(std::set<std::string> hosts, std::size_t others) {
  loop_.end_longest_idle(hosts, kIdleMin);
  if (hosts.empty() || others == 0) return;
  following().loop().post([=, to = &following()] { to->make_places(hosts, others - 1); });
}

// Until no connection waits for a place of its address.
Task<> Worker::keep_making_places() {
  for (Error e; !e;) {
    std::set<std::string> hosts = shared_.places.waited_for();
    if (hosts.empty()) break;
    make_places(std::move(hosts), shared_.workers.size() - 1);
    e = co_await sleep(loop_, kLook);
  }
  making_places_ = false;
}

// Accepts a bounded number, so that a flood of new connections leaves time for the existing ones.
Worker::Accepted Worker::accept_some(Listener& listener) {
  constexpr int kAtOnce = 64;
  for (int i = 0; i < kAtOnce; ++i) {
    if (!shared_.enter()) return Accepted::kNoRoom;
    SockAddr peer;
    Result<Fd> socket = listener.accept(&peer);
    if (!socket) {
      shared_.clients.fetch_sub(1);
      return accept_failed(socket.error());
    }
    begin(std::move(*socket), peer);
    if (shared_.options.once && !shared_.options.once_is_request) {
      close_listeners();
      return Accepted::kAll;
    }
  }
  return Accepted::kSome;
}

static bool is_shortage(Error e) {
  return e == Error(UV_EMFILE) || e == Error(UV_ENFILE) || e == Error(UV_ENOBUFS) ||
         e == Error(UV_ENOMEM);
}

Worker::Accepted Worker::accept_failed(Error e) {
  if (e == Error(UV_EAGAIN)) {
    if (std::exchange(full_, false)) --shared_.full;
    return Accepted::kAll;
  }
  ++shared_.refused;
  if (!is_shortage(e)) {
    shared_.fail("accept", e);
    return Accepted::kAll;
  }
  if (!std::exchange(full_, true) && shared_.full++ == 0)
    log::error("accept: %s (waiting for a client to leave)", e.message());
  return Accepted::kNoRoom;
}

Stream Worker::stream_of(Fd socket) {
  ++shared_.clients_ever;
  last_arrival_ = uv_now(loop_.uv());
  Stream conn(loop_, std::move(socket));
  conn.set_write_timeout(shared_.options.write_timeout);
  return conn;
}

// It has a place under --max-clients.
void Worker::begin(Fd socket, const SockAddr& peer) {
  if (shared_.places.limited(peer)) {
    const Places::Entry entry = shared_.places.enter(peer, socket);
    if (entry == Places::Entry::kServed) return run_beside(handle_in_turn(std::move(socket), peer));
    if (entry == Places::Entry::kRefused) ++shared_.refused;
    shared_.leave();
    if (!std::exchange(making_places_, true)) background_.go(keep_making_places());
  } else if (log::verbose()) {
    run_beside(handle_loudly(stream_of(std::move(socket)), peer));
  } else {
    run_beside(service_->handle_conn(stream_of(std::move(socket))));
  }
}

static constexpr std::size_t kConnectionBytes = 512;  // an estimate

void Worker::run_beside(Task<> connection) {
  ebb_.rise(kConnectionBytes);
  conns_.go(std::move(connection));
}

void Worker::end_connection() {
  ebb_.fall(kConnectionBytes);
  shared_.leave();
}

Task<> Worker::handle_loudly(Stream conn, SockAddr peer) {
  const std::string name = peer.family() == AF_UNIX ? "a local client" : peer.to_string();
  log::details("%s connected", name.c_str());
  co_await service_->handle_conn(std::move(conn));
  log::details("%s disconnected", name.c_str());
}

// Serves a connection, then passes its place to the next one from the same address that waits.
Task<> Worker::handle_in_turn(Fd socket, SockAddr peer) {
  for (std::optional<Fd> next = std::move(socket); next;) {
    const SockAddr name = SockAddr::peer(next->get());
    Task<> handling = handle_loudly(stream_of(std::move(*next)), name.size() > 0 ? name : peer);
    co_await std::move(handling);
    next = shared_.places.leave(peer);
  }
}

// --- signals and the end ---

// Closes the listeners first, which removes their Unix paths.
void Worker::die_of(int number) {
  service_->stop_soon();
  close_listeners();
  set_blocked({number}, false);
  std::_Exit(die_of_signal(number));
}

Task<> Worker::die_on(Signal& signal, int number) {
  Error e = co_await signal.wait();
  if (!e) die_of(number);
}

void Worker::stop_for(int number, Signals& all) {
  if (std::exchange(all.stopping, true)) die_of(number);
  if (!all.listening) background_.go(stop_catching(all));
  shared_.stop();
}

// Restores the default actions, so that a second signal ends the process at once.  Meanwhile
// signals are blocked; the yields let libuv report one that it has already caught.
Task<> Worker::stop_catching(Signals& all) {
  set_blocked({SIGTERM, SIGINT}, true);
  co_await yield(loop_);
  co_await yield(loop_);  // by now the descriptors have been polled
  all.terminate.close();
  all.interrupt.close();
  let_end_process(SIGTERM);
  let_end_process(SIGINT);
  if (!all.outlives_hangup) {
    all.hangup.close();
    let_end_process(SIGHUP);
  }
  set_blocked({SIGTERM, SIGINT}, false);
}

Task<> Worker::stop_on(Signal& signal, int number, Signals& all) {
  for (;;) {
    Error e = co_await signal.wait();
    if (e) co_return;
    stop_for(number, all);
  }
}

Task<> Worker::reload_on(Signal& signal, Signals& all) {
  for (;;) {
    Error e = co_await signal.wait();
    if (e) co_return;
    if (service_->reload(true)) {
      for (const auto& worker : shared_.workers)
        if (worker.get() != this) worker->loop().post([w = worker.get()] { w->reload(); });
    } else if (!all.outlives_hangup) {
      stop_for(SIGHUP, all);
    }
  }
}

Task<> Worker::log_figures_on(Signal& signal) {
  for (;;) {
    Error e = co_await signal.wait();
    if (e) co_return;
    shared_.log_figures();
  }
}

void Worker::close_listeners() {
  for (Listener& listener : listeners_) listener.close();
  room();
}

Task<> Worker::wind_down() {
  constexpr Millis kGrace{100};  // for the requests of clients that have just connected
  if (std::exchange(stopping_, true)) co_return;
  service_->stop_soon();
  Error e = co_await sleep(loop_, shared_.options.lame_duck);
  if (e) co_return;
  const Deadline deadline(shared_.options.drain);
  bool arrived = uv_now(loop_.uv()) - last_arrival_ < static_cast<std::uint64_t>(kGrace.count());
  for (Listener& listener : listeners_) {
    arrived = arrived || listener.has_waiting();
    listener.stop();
  }
  room();
  if (arrived) e = co_await sleep(loop_, std::min(kGrace, shared_.options.drain));
  if (e) co_return;
  loop_.end_input();
  service_->drain();
  e = co_await drain_.wait(deadline.left());
  if (!e) loop_.cancel_all();
}

}  // namespace net
