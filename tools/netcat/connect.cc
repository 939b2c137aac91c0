#include "tools/netcat/connect.h"

#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/pass_fd.h"
#include "tools/netcat/program/programs.h"
#include "tools/netcat/relay_stdio.h"
#include "tools/netcat/report.h"
#include "tools/netcat/target.h"

namespace netcat {

// --tls: replaces the channel with an encrypted one, or with null on failure.
static net::Task<Outcome> encrypt(Session& session, const Target& target, Connection& connection) {
  const Options& options = session.options;
  const std::string name = name_of_peer(options);
  Secured secured = co_await session.security->shake_hands(
      session.loop, std::move(connection.channel), name, target.deadline_of_handshake());
  if (session.is_output_gone) co_return Outcome{kBrokenPipe};
  if (!secured.channel) co_return secured.failed_at(options.where());
  say_tls(options, connection.peer, *secured.info, secured.elapsed);
  connection.channel = std::move(secured.channel);
  co_return Outcome{};
}

net::Task<Outcome> dial(Session& session, Connection& connection) {
  const Options& options = session.options;
  Target target(session);
  Outcome outcome = co_await target.find();
  Target::Reached reached;
  if (outcome.status == net::kOk) reached = co_await target.dial(options.port);
  connection.can_be_resolved = target.can_be_resolved();
  if (session.is_output_gone) co_return Outcome{kBrokenPipe};
  if (outcome.status != net::kOk) co_return outcome;
  target.say_failures(reached);
  if (!reached.channel) co_return target.failed(options.port, reached);
  target.say_connected(options.port, reached);
  connection.peer = reached.dialed.peer;
  connection.was_reset = reached.dialed.reset;
  connection.channel = std::move(reached.channel);
  if (session.security) outcome = co_await encrypt(session, target, connection);
  co_return outcome;
}

void reset_if_killed(Session& session, const Stdio& local) {
  session.options.socket.resets_on_close =
      terms_of(session.options, local.input()).input == Terms::Input::kStream &&
      !session.options.pass_fd;
}

net::Task<Outcome> connect(Session& session, Stdio& local) {
  reset_if_killed(session, local);
  Connection connection;
  Outcome outcome = co_await dial(session, connection);
  if (connection.channel && session.options.pass_fd)
    outcome = co_await pass_fd(local, connection.channel->connection());
  else if (connection.channel)
    outcome = co_await relay_stdio(session, local, *connection.channel, connection.peer,
                                   connection.was_reset);
  co_return outcome;
}

net::Task<Outcome> connect(Session& session, Programs& programs) {
  FatalSignals signals(session.loop, [&programs](int number) { return !programs.stop(number); });
  Connection connection;
  Outcome outcome = co_await dial(session, connection);
  if (connection.channel)
    outcome = co_await programs.run(std::move(connection.channel), connection.peer);
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
