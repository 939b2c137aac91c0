// server.h - what all daemons share: addresses, limits, signals, threads and drain.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/cli/cli.h"
#include "common/net/sandbox.h"
#include "common/net/stream.h"

namespace net {

struct ServerOptions {
  std::vector<std::string> addresses;
  std::string default_address = "localhost:8000";
  std::uint64_t max_clients = 0;      // 0: what RLIMIT_NOFILE allows
  std::uint64_t max_per_address = 0;  // 0: no limit
  bool once = false;
  bool once_is_request = false;  // with `once`, the Service stops the server after one request
  Millis idle_timeout{0};        // zero: none, which is kForever to a read
  Millis write_timeout{30'000};  // zero: none
  Millis lame_duck{0};           // how long accepting continues after the signal to stop
  Millis drain{5'000};
  std::uint32_t backlog = 4096;
  int socket_mode = -1;       // permissions of Unix-domain sockets; -1: from the umask
  std::uint32_t threads = 1;  // 0: one per processor
  bool print_port = false;
  Sandbox sandbox = {};
  // Called after all addresses are bound and before anything is accepted; if it returns a status
  // other than 0, the process exits with it.
  std::function<int()> prepare = {};
};

// Adds the daemons' shared options, and -v and -q.
void add_server_options(Cli& cli, ServerOptions& options);
// Adds the operands, each of which is an ADDRESS; two operands HOST PORT are one address.
void add_addresses(ServerOptions& options, const std::vector<std::string>& operands);

// A daemon's protocol; one object per loop.
class Service {
 public:
  virtual ~Service() = default;
  // One connection, from its first byte to its last.
  virtual Task<> handle_conn(Stream conn) = 0;
  // Runs beside the connections until the loop is cancelled.
  virtual Task<> run() { co_return; }
  // The server has been told to stop but serves for lame_duck longer; it is no longer ready.  From
  // now on the process may end at any time.
  virtual void stop_soon() {}
  // The server is stopping and the input of all streams has ended: finish what is in progress.
  virtual void drain() {}
  // SIGHUP: reads the service's files again; ServerOptions::sandbox must list them.  Returns false
  // if there are none, and the server stops as for SIGTERM.  `first` is true in the one loop that
  // logs errors.
  virtual bool reload([[maybe_unused]] bool first) { return false; }
};

using MakeService = std::function<std::unique_ptr<Service>(Loop&)>;

// Listens, serves, and stops according to the options and signals; returns the exit status.
int serve(const ServerOptions& options, const MakeService& make_service);

}  // namespace net
