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
// Nothing if the line is not an increment.  A rate of 0.1 means that it stands for ten.
std::optional<Increment> parse_statsd(std::string_view line);

// Counts of lines; read by any loop.
struct StatsdFigures {
  std::atomic<std::uint64_t> lines = 0;
  std::atomic<std::uint64_t> bad = 0;   // of them not understood
  std::atomic<std::uint64_t> lost = 0;  // increments that the store has not made
  void append_to(std::string& metrics) const;
};

class Statsd {
 public:
  // Binds the address, or all of a name; returns the exit status, after logging the reason.
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
