// netcat - connects standard input and output to the network: an nc that half-closes by default,
// loses no data, and reports the result in its exit status.
//
// The files in tools/netcat: options is the command line.  connect and reconnect are the client.
// listen is the server: reception accepts clients, first_client serves one, doors and hub serve
// many at once.  relay_stdio runs one connection; relay/ moves its bytes between two ends
// (channel/) until the rules of relay/ending are met.  security and tls/ encrypt it.  target dials
// the destination, through proxy/ if need be; scan dials many ports.  program/ is -e, datagram/ is
// -u.

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>

#include "common/cli/cli.h"
#include "tools/netcat/connect.h"
#include "tools/netcat/datagram/datagram.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/listen.h"
#include "tools/netcat/options.h"
#include "tools/netcat/reconnect.h"
#include "tools/netcat/report.h"
#include "tools/netcat/scan.h"

namespace {

// Notices that the reader of standard output has left even while no data moves.
net::Task<> watch_output(netcat::Session& session, netcat::Stdio& local) {
  net::Error e = co_await local.hangup();
  if (e == net::Error(UV_EPIPE)) session.output_gone();
}

net::Task<netcat::Outcome> move_stream(netcat::Session& session) {
  netcat::Stdio local(session.loop);
  netcat::Meter& meter = session.meter;
  if (session.options.progress && meter.shares_terminal())
    local.watch_output([&meter] { meter.before_output(); },
                       [&meter](char last) { meter.after_output(last); });
  netcat::Outcome outcome;
  net::WaitGroup beside;
  const bool writes = !session.options.send_only && !session.options.broker;
  if (writes) beside.go(watch_output(session, local));
  if (session.options.listen)
    outcome = co_await netcat::listen(session, local);
  else if (session.options.reconnect)
    outcome = co_await netcat::reconnect(session, local);
  else
    outcome = co_await netcat::connect(session, local);
  local.cancel();
  co_await beside.wait();
  co_return outcome;
}

// --exec, --sh-exec: standard input and output are not used.
net::Task<netcat::Outcome> run_programs(netcat::Session& session) {
  netcat::Command& command = session.options.program.command;
  const char* path = std::getenv("PATH");
  const net::Error e = command.find(path != nullptr ? path : "/usr/bin:/bin");
  if (e) co_return netcat::Outcome{net::kProgram, command.name() + ": " + e.message()};
  netcat::Programs programs(session);
  netcat::Outcome outcome;
  if (session.options.listen)
    outcome = co_await netcat::listen(session, programs);
  else
    outcome = co_await netcat::connect(session, programs);
  co_await programs.close();
  co_return outcome;
}

net::Task<netcat::Outcome> move_data(netcat::Session& session) {
  const netcat::Options& options = session.options;
  netcat::Outcome outcome = session.open_log();
  if (outcome.status == net::kOk) outcome = session.load_tls();
  if (outcome.status != net::kOk) co_return outcome;
  if (options.udp)
    outcome = co_await netcat::exchange_datagrams(session);
  else if (options.scan)
    outcome = co_await netcat::scan(session);
  else if (options.program.given())
    outcome = co_await run_programs(session);
  else
    outcome = co_await move_stream(session);
  co_return outcome;
}

// As process 1 of a container, netcat must handle signals, because default actions do not end it.
// Listeners, datagrams and programs handle signals themselves.
bool handles_signals(const netcat::Options& options) {
  const bool handled = options.listen || options.program.given() || (options.udp && !options.scan);
  return getpid() == 1 && !handled;
}

net::Task<int> run(net::Loop& loop, const netcat::Options& options) {
  netcat::Session session(loop, options);
  std::optional<netcat::FatalSignals> signals;
  if (handles_signals(options)) signals.emplace(loop, [] {});
  net::WaitGroup beside;
  if (options.progress) beside.go(session.meter.run());
  if (options.logs()) beside.go(session.log.run());
  netcat::Outcome outcome = co_await move_data(session);
  session.meter.stop();
  session.log.close();
  co_await beside.wait();
  if (outcome.status == net::kOk && !session.log.problem().empty())
    outcome = {net::kLocalIo, session.log.problem()};
  if (signals) co_await signals->release();
  netcat::say_failed(session.options, outcome);
  co_return outcome.status;
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  std::signal(SIGXFSZ, SIG_IGN);  // the write then fails, and the error is reported
  const netcat::Options options = netcat::parse_options(argc, argv);
  net::Loop loop;
  const int status = loop.run(run(loop, options));
  return status > net::kSignal ? net::die_of_signal(status - net::kSignal) : status;
}
