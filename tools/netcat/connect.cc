#include "tools/netcat/connect.h"

#include "tools/netcat/report.h"
#include "tools/netcat/target.h"

namespace netcat {

net::Task<Outcome> connect(Session& session) {
  const Options& options = session.options;
  Target target(session.loop, options);
  Outcome outcome = co_await target.find();
  if (outcome.status != net::kOk) co_return outcome;
  Target::Reached reached = co_await target.dial(options.port);
  net::Dialed& dialed = reached.dialed;
  // A single failure is told by the last line, which comes without -v too.
  if (dialed.socket || reached.failures.size() > 1)
    for (const auto& [address, error] : reached.failures)
      say_attempt_failed(options, address, error);
  if (!dialed.socket) co_return target.failed(options.port, reached);
  say_connected(options, dialed.peer, net::SockAddr::local(dialed.socket.get()));
  outcome = co_await relay(session, std::move(dialed.socket));
  co_return outcome;
}

}  // namespace netcat
