// server.h - what every daemon has in common: its addresses, limits, signals, threads and drain.
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
  bool once_is_request = false;  // with `once` the Service ends the server, after one request
  Millis idle_timeout{0};        // zero: none, which is kForever to a read
  Millis write_timeout{30'000};  // zero: none
  Millis lame_duck{0};           // between the signal to stop and the end of accepting
  Millis drain{5'000};
  std::uint32_t backlog = 4096;
  int socket_mode = -1;       // permissions of Unix-domain sockets; -1: by the umask
  std::uint32_t threads = 1;  // 0: one per processor
  bool print_port = false;
  Sandbox sandbox = {};
  // Called when all addresses are bound and before anything is accepted; a status other than 0 ends
  // the process with it.
  std::function<int()> prepare = {};
};

// Adds the daemons' shared options, and -v and -q.
void add_server_options(Cli& cli, ServerOptions& options);
// Adds the operands, each an ADDRESS; HOST PORT, two of them, are one.
void add_addresses(ServerOptions& options, const std::vector<std::string>& operands);

// What a daemon does with its clients; one for each loop.
class Service {
 public:
  virtual ~Service() = default;
  // One connection, from its first byte to its last.
  virtual Task<> handle_conn(Stream conn) = 0;
  // Runs beside the connections until the loop is cancelled.
  virtual Task<> run() { co_return; }
  // The server is told to stop, and serves on for the time of lame_duck: not ready any more.  The
  // process may end at any time from then on.
  virtual void stop_soon() {}
  // The server is stopping and input has ended: finish what is in progress.
  virtual void drain() {}
  // SIGHUP: reads its files again, which ServerOptions::sandbox has to know.  False: it has none,
  // and the server stops as for SIGTERM.  `first`: the one of the loops that logs what is wrong.
  virtual bool reload([[maybe_unused]] bool first) { return false; }
};

using MakeService = std::function<std::unique_ptr<Service>(Loop&)>;

// Listens, serves and stops as the options and signals say; returns the exit status.
int serve(const ServerOptions& options, const MakeService& make_service);

}  // namespace net
