#include "tools/netcat/connect.h"

#include "tools/netcat/channel/socket.h"
#include "tools/netcat/pass_fd.h"
#include "tools/netcat/relay_stdio.h"
#include "tools/netcat/report.h"
#include "tools/netcat/target.h"

namespace netcat {

net::Task<Outcome> connect(Session& session, Stdio& local) {
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
  net::Dialed& dialed = reached.dialed;
  target.say_failures(reached);
  if (!dialed.socket) co_return target.failed(options.port, reached);
  target.say_connected(options.port, reached);
  if (options.pass_fd) {
    outcome = co_await pass_fd(session.loop, dialed.socket);
    co_return outcome;
  }
  Socket remote(session.loop, std::move(dialed.socket));
  outcome = co_await relay_stdio(session, local, remote, dialed.peer, false);
  co_return outcome;
}

}  // namespace netcat
