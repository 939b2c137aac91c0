#include "tools/netcat/connect.h"

#include "tools/netcat/channel/socket.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/pass_fd.h"
#include "tools/netcat/program/programs.h"
#include "tools/netcat/relay_stdio.h"
#include "tools/netcat/report.h"
#include "tools/netcat/target.h"

namespace netcat {

namespace {

struct Connection {
  std::unique_ptr<Channel> channel;
  net::Fd socket;  // with --pass-fd in its place
  net::SockAddr peer;
};

}  // namespace

// --tls: replaces the channel by an encrypted one; null if that fails.
static net::Task<Outcome> encrypt(Session& session, const Target& target, Connection& connection) {
  const Options& options = session.options;
  Secured secured = co_await session.security->shake_hands(
      session.loop, std::move(connection.channel), target.deadline_of_handshake());
  if (session.is_output_gone) co_return Outcome{kBrokenPipe};
  if (!secured.channel) co_return secured.failed_at(options.where());
  say_tls(options, connection.peer, *secured.info, secured.elapsed);
  connection.channel = std::move(secured.channel);
  co_return Outcome{};
}

// A connection, or the reason for failure.
static net::Task<Outcome> dial(Session& session, Connection& connection) {
  const Options& options = session.options;
  Target target(session.loop, options);
  Outcome outcome = co_await target.find();
  Target::Reached reached;
  if (outcome.status == net::kOk) reached = co_await target.dial(options.port);
  if (session.is_output_gone) co_return Outcome{kBrokenPipe};
  if (outcome.status != net::kOk) co_return outcome;
  target.say_failures(reached);
  if (!reached.dialed.socket) co_return target.failed(options.port, reached);
  target.say_connected(options.port, reached);
  net::Dialed& dialed = reached.dialed;
  connection.peer = dialed.peer;
  if (options.pass_fd) {
    connection.socket = std::move(dialed.socket);
    co_return outcome;
  }
  connection.channel = std::make_unique<Socket>(session.loop, std::move(dialed.socket));
  if (session.security) outcome = co_await encrypt(session, target, connection);
  co_return outcome;
}

net::Task<Outcome> connect(Session& session, Stdio& local) {
  // From the start: if we are killed, the peer must not see the end of an empty input.
  session.options.socket.resets_on_close =
      terms_of(session.options, local.input()).input == Terms::Input::kStream &&
      !session.options.pass_fd;
  Connection connection;
  Outcome outcome = co_await dial(session, connection);
  if (connection.socket)
    outcome = co_await pass_fd(session.loop, connection.socket);
  else if (connection.channel)
    outcome = co_await relay_stdio(session, local, *connection.channel, connection.peer, false);
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
