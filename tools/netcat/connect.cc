#include "tools/netcat/connect.h"

#include "tools/netcat/target.h"
#include "tools/netcat/verbose.h"

namespace netcat {

// A single failure is told by the last line, which comes without -v too.
static void say_failures(const Target::Reached& reached) {
  if (!reached.dialed.socket && reached.failures.size() == 1) return;
  for (const auto& [address, error] : reached.failures) say_attempt_failed(address, error);
}

net::Task<Outcome> connect(net::Loop& loop, const Options& options) {
  Target target(loop, options);
  Outcome outcome = co_await target.find();
  if (outcome.status != net::kOk) co_return outcome;
  Target::Reached reached = co_await target.dial(options.port);
  if (options.verbose > 0) say_failures(reached);
  if (!reached.dialed.socket) co_return target.failed(options.port, reached);
  if (options.verbose > 0) say_connected(options, reached.dialed.peer);
  outcome = co_await relay(loop, std::move(reached.dialed.socket), options);
  co_return outcome;
}

}  // namespace netcat
