// statsd.h - increments in datagrams: "name:1|c", "name:1|c|@0.1", one per line.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/fd.h"
#include "tools/counterd/store.h"

namespace counterd {

struct Increment {
  std::string_view name;
  std::int64_t by = 0;
};
// Returns nothing if the line is not an increment.  With a rate of 0.1 the increment counts ten
// times.
std::optional<Increment> parse_statsd(std::string_view line);

// Counts of lines; read by any loop.
struct StatsdFigures {
  std::atomic<std::uint64_t> lines = 0;
  std::atomic<std::uint64_t> bad = 0;   // lines that were not understood
  std::atomic<std::uint64_t> lost = 0;  // increments that the store did not accept
  void append_to(std::string& metrics) const;
};

class Statsd {
 public:
  // Binds the address, or all addresses of a name.  Returns the exit status, after logging any
  // error.
  int listen(const std::string& address);
  bool listening() const { return !sockets_.empty(); }
  const StatsdFigures& figures() const { return figures_; }
  // Receives until the loop is cancelled.
  net::Task<> run(net::Loop& loop, Store& store);

 private:
  net::Task<> receive(net::Loop& loop, Store& store, int socket);

  std::vector<net::Fd> sockets_;
  StatsdFigures figures_;
};

}  // namespace counterd
