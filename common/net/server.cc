#include "common/net/server.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/net/endpoint.h"
#include "common/net/listener.h"
#include "common/net/systemd.h"

namespace net {

void add_server_options(Cli& cli, ServerOptions& o) {
  cli.option("l,listen", "ADDRESS", "listen there, as for an operand (" + o.default_address + ")",
             each(o.addresses));
  cli.option("m,max-clients", "N", "clients at once; more wait (what the descriptor limit allows)",
             number(o.max_clients, 1, UINT32_MAX));
  cli.flag("1,once", "serve one connection, then exit", o.once);
  const auto idle = std::chrono::duration_cast<std::chrono::seconds>(o.idle_timeout);
  cli.option("idle-timeout", "T",
             "let a client go that sends nothing for T; 0: never (" + std::to_string(idle.count()) +
                 (idle.count() > 0 ? "s)" : ")"),
             duration(o.idle_timeout));
  cli.option("write-timeout", "T", "let a client go that takes nothing for T (30s); 0: never",
             duration(o.write_timeout));
  cli.option("backlog", "N", "length of the queue of connections (4096)",
             number(o.backlog, 1, INT32_MAX));
  cli.option("drain", "T", "time to finish in after SIGTERM or SIGINT (5s)", duration(o.drain));
  cli.option("t,threads", "N", "event loops (1); 0: one for each core", number(o.threads, 0, 1024));
  cli.flag("print-port", "print the port on standard output", o.print_port);
  cli.flag("v,verbose", "log each connection", [] { log::set_level(log::kVerbose); });
  cli.flag("q,quiet", "log nothing but errors", [] { log::set_level(log::kQuiet); });
}

namespace {

class Worker;

// What the loops share.
struct Shared {
  explicit Shared(const ServerOptions& with) : options(with) {}
  const ServerOptions& options;
  std::uint64_t max_clients = 0;
  std::atomic<std::uint64_t> clients{0};
  std::atomic<std::uint64_t> clients_ever{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<int> short_of_room{0};  // accept loops that wait for a client to leave
  std::vector<std::unique_ptr<Worker>> workers;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  bool enter();
  void leave();
  void stop();
  void log_figures() const;
};

// One event loop with its listeners and clients.
class Worker {
 public:
  Worker(Shared& shared, const MakeService& make_service)
      : shared_(shared), service_(make_service(loop_)) {}

  Loop& loop() { return loop_; }
  Error listen(Fd socket, const ListenOptions& options);
  const std::vector<Listener>& listeners() const { return listeners_; }
  int run(bool with_signals) { return loop_.run(main(with_signals)); }
  void stop() { background_.go(wind_down()); }
  void room() {
    for (Timer* timer : waiting_for_room_) timer->wake();
  }

 private:
  Task<int> main(bool with_signals);
  Task<> accept_all(Listener& listener);
  Task<> wait_for_room();
  bool accept_some(Listener& listener);
  Task<> handle_loudly(Stream conn);
  Task<> wind_down();
  Task<> stop_on(Signal& signal, Signal& other);
  Task<> log_figures_on(Signal& signal);
  void close_listeners();

  Shared& shared_;
  Loop loop_;
  std::unique_ptr<Service> service_;
  std::vector<Listener> listeners_;
  std::vector<Timer*> waiting_for_room_;
  Timer drain_{loop_};
  WaitGroup background_;
  WaitGroup conns_{[this] { shared_.leave(); }};
  bool stopping_ = false;
  bool said_full_ = false;
};

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
  systemd::notify("STOPPING=1");
  for (const auto& worker : workers) worker->loop().post([w = worker.get()] { w->stop(); });
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

void set_signals_blocked(bool blocked) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &signals, nullptr);
}

// --- one loop ---

Error Worker::listen(Fd socket, const ListenOptions& options) {
  auto listener = Listener::listen(loop_, std::move(socket), options);
  if (!listener) return listener.error();
  listeners_.push_back(std::move(*listener));
  return {};
}

Task<int> Worker::main(bool with_signals) {
  std::optional<Signal> terminate, interrupt, figures;
  if (with_signals) {
    terminate.emplace(loop_, SIGTERM);
    interrupt.emplace(loop_, SIGINT);
    figures.emplace(loop_, SIGUSR1);
    set_signals_blocked(false);
    background_.go(stop_on(*terminate, *interrupt));
    background_.go(stop_on(*interrupt, *terminate));
    background_.go(log_figures_on(*figures));
  }
  background_.go(service_->run());
  WaitGroup accepting;
  for (Listener& listener : listeners_) accepting.go(accept_all(listener));
  co_await accepting.wait();
  co_await conns_.wait();
  if (with_signals) std::signal(SIGUSR1, SIG_IGN);  // from here on nobody would answer it
  loop_.cancel_all();
  co_await background_.wait();
  co_return kOk;
}

Task<> Worker::accept_all(Listener& listener) {
  for (;;) {
    Error e = co_await listener.readable();
    if (e) co_return;
    const bool more = accept_some(listener);
    if (!more) co_await wait_for_room();
  }
}

// Until a client leaves: then there is a place again, or a descriptor.
Task<> Worker::wait_for_room() {
  constexpr Millis kAtMost{1000};  // somebody else's descriptor may have become free
  Timer timer(loop_);
  waiting_for_room_.push_back(&timer);
  ++shared_.short_of_room;
  if (shared_.clients >= shared_.max_clients || said_full_) (void)co_await timer.wait(kAtMost);
  --shared_.short_of_room;
  std::erase(waiting_for_room_, &timer);
}

// A bounded number, so that a flood of connections leaves time for those that are there.  False at
// the limit, or when the system has no more to give.
bool Worker::accept_some(Listener& listener) {
  constexpr int kAtOnce = 64;
  for (int i = 0; i < kAtOnce && !stopping_; ++i) {
    if (!shared_.enter()) return false;
    Result<Fd> socket = listener.accept();
    if (!socket) {
      shared_.clients.fetch_sub(1);
      if (socket.error() == Error(UV_EAGAIN)) {
        said_full_ = false;
        return true;
      }
      ++shared_.refused;
      if (!said_full_)
        log::error("accept: %s (waiting for a client to leave)", socket.error().message());
      said_full_ = true;
      return false;
    }
    ++shared_.clients_ever;
    Stream conn(loop_, std::move(*socket));
    conn.set_write_timeout(shared_.options.write_timeout);
    if (log::verbose())
      conns_.go(handle_loudly(std::move(conn)));
    else
      conns_.go(service_->handle_conn(std::move(conn)));
    if (shared_.options.once) close_listeners();
    if (shared_.options.once) return true;
  }
  return true;
}

Task<> Worker::handle_loudly(Stream conn) {
  const SockAddr peer = SockAddr::peer(conn.fd());
  const std::string name = peer.family() == AF_UNIX ? "a local client" : peer.to_string();
  log::details("%s connected", name.c_str());
  co_await service_->handle_conn(std::move(conn));
  log::details("%s disconnected", name.c_str());
}

// --- signals and the end ---

Task<> Worker::stop_on(Signal& signal, Signal& other) {
  Error e = co_await signal.wait();
  if (e) co_return;
  signal.close();  // the default action is back: a second signal ends us at once
  other.close();
  shared_.stop();
}

Task<> Worker::log_figures_on(Signal& signal) {
  for (;;) {
    Error e = co_await signal.wait();
    if (e) co_return;
    shared_.log_figures();
  }
}

void Worker::close_listeners() {
  stopping_ = true;
  for (Listener& listener : listeners_) listener.close();
  room();
}

Task<> Worker::wind_down() {
  service_->stop_soon();
  Error e = co_await sleep(loop_, shared_.options.lame_duck);
  if (e) co_return;
  close_listeners();
  loop_.end_input();
  service_->drain();
  e = co_await drain_.wait(shared_.options.drain);
  if (!e) loop_.cancel_all();
}

// --- getting ready ---

// Each worker gets a listening socket of its own (SO_REUSEPORT).  The first, exclusive bind has
// made sure that no other process serves the port.
int share_out(std::vector<Endpoint>& endpoints, ListenOptions options, Shared& shared) {
  options.reuse_port = shared.workers.size() > 1;
  for (Endpoint& one : endpoints) {
    const SockAddr address = SockAddr::local(one.socket.get());
    const bool copied = one.inherited || address.family() == AF_UNIX;
    if (options.reuse_port && !copied) one.socket.reset();
    for (const auto& worker : shared.workers) {
      Result<Fd> socket = Error(UV_EBADF);
      if (options.reuse_port && !copied)
        socket = bind_socket(address, options);
      else if (worker == shared.workers.back())
        socket = std::move(one.socket);
      else
        socket = Fd(fcntl(one.socket.get(), F_DUPFD_CLOEXEC, 3));
      const Error e = socket ? worker->listen(std::move(*socket), options) : socket.error();
      if (e) return fail_to_listen(one.name, e);
    }
  }
  return kOk;
}

std::uint64_t max_clients_possible() {
  constexpr std::uint64_t kSpare = 8;  // descriptors that come and go: look-ups, time zones
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const Fd lowest_free(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  const std::uint64_t used = static_cast<std::uint64_t>(lowest_free.get()) + kSpare;
  return limit.rlim_cur > used ? limit.rlim_cur - used : 1;
}

// Then standard output is let go: whoever reads the port sees its end at once.
int print_ports(const std::vector<Listener>& listeners) {
  std::vector<std::uint16_t> ports;
  std::string text;
  for (const Listener& listener : listeners) {
    const std::uint16_t port = listener.address().port();
    if (port == 0 || std::ranges::find(ports, port) != ports.end()) continue;
    ports.push_back(port);
    text += std::to_string(port) + "\n";
  }
  if (write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    log::error("stdout: %s", Error::from_errno().message());
    return kLocalIo;
  }
  const Fd nothing(open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (nothing) dup2(nothing.get(), STDOUT_FILENO);
  return kOk;
}

}  // namespace

int serve(const ServerOptions& options, const MakeService& make_service) {
  set_signals_blocked(true);  // until the first worker catches them; in the others for good
  raise_descriptor_limit();
  const ListenOptions listen{.backlog = static_cast<int>(options.backlog),
                             .dead_peer = options.write_timeout};
  std::vector<std::string> addresses = options.addresses;
  for (const int fd : systemd::take_sockets()) {  // they take the place of the default
    const std::string inherited = "fd:" + std::to_string(fd);
    if (std::ranges::find(addresses, inherited) == addresses.end()) addresses.push_back(inherited);
  }
  if (addresses.empty()) addresses.push_back(options.default_address);
  std::vector<Endpoint> endpoints;
  for (const std::string& address : addresses)
    if (const int status = bind_endpoint(address, listen, endpoints); status != kOk) return status;

  Shared shared(options);
  const unsigned threads = options.once          ? 1
                           : options.threads > 0 ? options.threads
                                                 : uv_available_parallelism();
  for (unsigned i = 0; i < threads; ++i)
    shared.workers.push_back(std::make_unique<Worker>(shared, make_service));
  if (const int status = share_out(endpoints, listen, shared); status != kOk) return status;
  shared.max_clients = options.max_clients > 0 ? options.max_clients : max_clients_possible();

  const auto& first = shared.workers.front();
  for (const Listener& listener : first->listeners())
    log::info("listening on %s", listener.address().to_string().c_str());
  if (options.print_port)
    if (const int status = print_ports(first->listeners()); status != kOk) return status;
  systemd::notify("READY=1");

  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i)
    others.emplace_back([worker = shared.workers[i].get()] { worker->run(false); });
  const int status = first->run(true);
  for (std::thread& other : others) other.join();
  for (const auto& worker : shared.workers)
    if (worker->loop().abandoned() > 0) _exit(status);  // exit(3) would wait for the look-up
  return status;
}

}  // namespace net
