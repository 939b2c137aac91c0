#include "tools/netcat/connect.h"

#include "tools/netcat/channel/socket.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/pass_fd.h"
#include "tools/netcat/program/programs.h"
#include "tools/netcat/relay_stdio.h"
#include "tools/netcat/report.h"
#include "tools/netcat/target.h"

namespace netcat {

// Success with a socket, or why there is none.
static net::Task<Outcome> dial(Session& session, net::Dialed& dialed) {
  const Options& options = session.options;
  // From the first moment: a peer must not take our death for the end of an empty input.
  session.options.socket.resets_on_close =
      terms_of(options, local.input()).input == Terms::Input::kStream;
  Target target(session.loop, options);
  Outcome outcome = co_await target.find();
  Target::Reached reached;
  if (outcome.status == net::kOk) reached = co_await target.dial(options.port);
  if (session.is_output_gone) co_return Outcome{kBrokenPipe};
  if (outcome.status != net::kOk) co_return outcome;
  target.say_failures(reached);
  if (!reached.dialed.socket) co_return target.failed(options.port, reached);
  target.say_connected(options.port, reached);
  dialed = std::move(reached.dialed);
  co_return outcome;
}

net::Task<Outcome> connect(Session& session, Stdio& local) {
  net::Dialed dialed;
  Outcome outcome = co_await dial(session, dialed);
  if (!dialed.socket) co_return outcome;
  if (session.options.pass_fd) {
    outcome = co_await pass_fd(session.loop, dialed.socket);
    co_return outcome;
  }
  Socket remote(session.loop, std::move(dialed.socket));
  outcome = co_await relay_stdio(session, local, remote, dialed.peer, false);
  co_return outcome;
}

net::Task<Outcome> connect(Session& session, Programs& programs) {
  FatalSignals signals(session.loop, [&programs](int number) { return !programs.stop(number); });
  net::Dialed dialed;
  Outcome outcome = co_await dial(session, dialed);
  if (dialed.socket) outcome = co_await programs.run(std::move(dialed.socket));
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
