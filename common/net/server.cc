#include "common/net/server.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <future>
#include <system_error>
#include <thread>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/net/endpoint.h"
#include "common/net/systemd.h"
#include "common/net/worker.h"

namespace net {

static std::string parse_mode(std::string_view text, int& out) {
  const char* const end = text.data() + text.size();
  int mode = 0;
  const auto [rest, error] = std::from_chars(text.data(), end, mode, 8);
  if (error != std::errc() || rest != end || mode < 0 || mode > 0777)
    return "'" + std::string(text) + "' is not an octal mode up to 0777 (try 0660)";
  out = mode;
  return "";
}

void add_server_options(Cli& cli, ServerOptions& o) {
  cli.option("l,listen", "ADDRESS",
             cli.keep("listen on ADDRESS, as with an operand (" + o.default_address + ")"),
             each(o.addresses));
  cli.option("m,max-clients", "N", "clients served at once; others wait (the descriptor limit)",
             number(o.max_clients, 1, UINT32_MAX));
  cli.option("max-per-address", "N", "clients served at once from one IP address (no limit)",
             number(o.max_per_address, 1, UINT32_MAX));
  const char* once =
      o.once_is_request ? "answer one request, then exit" : "serve one connection, then exit";
  cli.flag("1,once", once, o.once);
  const auto idle = std::chrono::duration_cast<std::chrono::seconds>(o.idle_timeout);
  cli.option("idle-timeout", "T",
             cli.keep("close a connection that is idle for T; 0: never (" +
                      std::to_string(idle.count()) + (idle.count() > 0 ? "s)" : ")")),
             duration(o.idle_timeout));
  cli.option("write-timeout", "T", "close a connection that accepts no data for T; 0: never (30s)",
             duration(o.write_timeout));
  cli.option("backlog", "N", "length of the queue of new connections (4096)",
             number(o.backlog, 1, INT32_MAX));
  cli.option("socket-mode", "MODE",
             "permissions of Unix-domain sockets, such as 0660 (the umask's)",
             [&o](std::string_view text) { return parse_mode(text, o.socket_mode); });
  cli.option("drain", "T", "on SIGTERM, wait for clients for at most T (5s)", duration(o.drain));
  cli.option("t,threads", "N", "number of event loops; 0: one per processor (1)",
             number(o.threads, 0, 1024));
  cli.flag("print-port", "print the port on standard output when ready", o.print_port);
  cli.flag("no-sandbox", "keep access to files, programs and the network, for debugging",
           [&o] { o.sandbox.on = false; });
  cli.flag("v,verbose", "also log connections", [] { log::set_level(log::kVerbose); });
  cli.flag("q,quiet", "log errors only", [] { log::set_level(log::kQuiet); });
}

void add_addresses(ServerOptions& options, const std::vector<std::string>& operands) {
  Address address;
  std::string why;
  if (operands.size() == 2 && operands[0].empty())
    Cli::fail("the host is empty (use :" + operands[1] + " for every address)");
  const bool host_and_port = operands.size() == 2 && !Address::parse(operands[0], address, why) &&
                             operands[1].find(':') == std::string::npos;
  if (host_and_port) {
    const std::string host(without_brackets(operands[0]));
    const bool v6 = host.find(':') != std::string::npos;
    return options.addresses.push_back((v6 ? "[" + host + "]" : host) + ":" + operands[1]);
  }
  options.addresses.insert(options.addresses.end(), operands.begin(), operands.end());
}

namespace {

int bind_all(const ServerOptions& options, const ListenOptions& listen,
             std::vector<Endpoint>& endpoints) {
  std::vector<std::string> addresses = options.addresses;
  for (const int fd : systemd::take_sockets()) {  // these replace the default address
    const std::string inherited = "fd:" + std::to_string(fd);
    if (std::ranges::find(addresses, inherited) == addresses.end()) addresses.push_back(inherited);
  }
  if (addresses.empty()) addresses = {options.default_address};
  for (const std::string& address : addresses)
    if (const int status = bind_endpoint(address, listen, endpoints); status != kOk) return status;
  return kOk;
}

// For each endpoint, one socket per worker.
using Shares = std::vector<std::vector<Fd>>;

// Each worker gets a listening socket of its own (SO_REUSEPORT).  The earlier, exclusive bind has
// shown that no other process uses the port.
int share_out(std::vector<Endpoint>& endpoints, ListenOptions options, unsigned workers,
              Shares& shares) {
  options.reuse_port = workers > 1;
  for (Endpoint& one : endpoints) {
    const SockAddr address = SockAddr::local(one.socket.get());
    const bool copied = one.inherited || address.family() == AF_UNIX;
    if (options.reuse_port && !copied) one.socket.reset();
    std::vector<Fd>& sockets = shares.emplace_back();
    while (sockets.size() < workers) {
      Result<Fd> socket = Error(UV_EBADF);
      if (options.reuse_port && !copied)
        socket = bind_socket(address, options);
      else if (sockets.size() + 1 == workers)
        socket = std::move(one.socket);
      else
        socket = Fd(fcntl(one.socket.get(), F_DUPFD_CLOEXEC, 3));
      if (!socket) return fail_to_listen(one.name, socket.error());
      sockets.push_back(std::move(*socket));
    }
  }
  return kOk;
}

int listen_all(std::vector<Endpoint>& endpoints, ListenOptions options, Shares shares,
               Shared& shared) {
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    options.inherited = endpoints[i].inherited;
    for (std::size_t k = 0; k < shared.workers.size(); ++k)
      if (const Error e = shared.workers[k]->listen(std::move(shares[i][k]), options))
        return fail_to_listen(endpoints[i].name, e);
    endpoints[i].path.release();
  }
  return kOk;
}

// The sandbox must allow removing our Unix paths at the end.
int enter_sandbox(Sandbox sandbox, const std::vector<Endpoint>& endpoints, const Shares& shares) {
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const SockAddr address = SockAddr::local(shares[i].front().get());
    if (address.family() == AF_UNIX && !endpoints[i].inherited)
      sandbox.removes.push_back(address.host());
  }
  return enter(sandbox);
}

// The threads of all loops but the first.  All are created before the server reports that it is
// ready.
class OtherThreads {
 public:
  OtherThreads() = default;
  OtherThreads(const OtherThreads&) = delete;
  OtherThreads& operator=(const OtherThreads&) = delete;
  ~OtherThreads() {
    if (!told_) go_.set_value(false);
    for (std::thread& thread : threads_) thread.join();
  }

  bool start(const std::vector<std::unique_ptr<Worker>>& workers) {
    const std::shared_future<bool> go = go_.get_future().share();
    try {
      for (std::size_t i = 1; i < workers.size(); ++i)
        threads_.emplace_back([go, worker = workers[i].get()] {
          if (go.get()) worker->run(false);
        });
    } catch (const std::system_error& e) {
      log::error("cannot start %zu threads: %s", workers.size(),
                 Error(-e.code().value()).message());
      return false;
    }
    return true;
  }
  void run() {
    told_ = true;
    go_.set_value(true);
  }

 private:
  std::promise<bool> go_;
  bool told_ = false;
  std::vector<std::thread> threads_;
};

// Prints the ports and closes standard output, so that its reader gets end of file at once.
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
  if (options.once && options.lame_duck > Millis::zero())
    Cli::fail("--once and --lame-duck cannot be combined");
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a log that may not grow is like a full disk
  set_signals_blocked(true);            // the first worker unblocks them; other threads never do
  raise_descriptor_limit();
  const ListenOptions listen{.backlog = static_cast<int>(options.backlog),
                             .socket_mode = options.socket_mode,
                             .dead_peer = options.write_timeout};
  std::vector<Endpoint> endpoints;
  if (const int status = bind_all(options, listen, endpoints); status != kOk) return status;

  const unsigned threads = options.once          ? 1
                           : options.threads > 0 ? options.threads
                                                 : uv_available_parallelism();
  Shares shares;
  if (const int status = share_out(endpoints, listen, threads, shares); status != kOk)
    return status;
  const systemd::Manager manager;

  // Must precede threads, and also loops, whose io_uring the filter could not control.
  if (const int status = enter_sandbox(options.sandbox, endpoints, shares); status != kOk)
    return status;
  Shared shared(options, manager);
  for (unsigned i = 0; i < threads; ++i)
    shared.workers.push_back(std::make_unique<Worker>(shared, make_service));
  if (const int status = listen_all(endpoints, listen, std::move(shares), shared); status != kOk)
    return status;
  shared.set_max_clients();
  if (const Error e = can_open(1)) {
    log::error("cannot accept a client: %s", e.message());
    return kLocalIo;
  }
  OtherThreads others;
  if (!others.start(shared.workers)) return kLocalIo;

  if (options.prepare)
    if (const int status = options.prepare(); status != kOk) return status;

  const auto& first = shared.workers.front();
  for (const Listener& listener : first->listeners())
    log::info("listening on %s", listener.address().to_string().c_str());
  if (options.print_port)
    if (const int status = print_ports(first->listeners()); status != kOk) return status;
  manager.notify("READY=1");
  others.run();
  return first->run(true);
}

}  // namespace net
