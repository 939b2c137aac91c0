#include "tools/netcat/connect.h"

#include "tools/netcat/relay/output_guard.h"
#include "tools/netcat/report.h"
#include "tools/netcat/target.h"

namespace netcat {

net::Task<Outcome> connect(Session& session) {
  const Options& options = session.options;
  OutputGuard guard(session);
  Target target(session.loop, options);
  Outcome outcome = co_await target.find();
  Target::Reached reached;
  if (outcome.status == net::kOk) reached = co_await target.dial(options.port);
  const bool gone = co_await guard.release();
  if (gone) co_return Outcome{kBrokenPipe, ""};
  if (outcome.status != net::kOk) co_return outcome;
  net::Dialed& dialed = reached.dialed;
  target.say_failures(reached);
  if (!dialed.socket) co_return target.failed(options.port, reached);
  say_connected(options, dialed.peer, net::SockAddr::local(dialed.socket.get()));
  outcome = co_await relay(session, std::move(dialed.socket));
  co_return outcome;
}

}  // namespace netcat
