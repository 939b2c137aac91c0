#include "tools/netcat/program/programs.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

#include "tools/netcat/channel/program.h"
#include "tools/netcat/channel/telnet.h"
#include "tools/netcat/program/connection.h"
#include "tools/netcat/relay/relay.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Fd;
using net::Millis;
using net::SockAddr;
using net::Task;

constexpr Millis kForkPause{1'000};  // before the next fork if the system has no process left
constexpr Millis kLookMin{1};        // polling intervals for what has no event
constexpr Millis kLookMax{50};

// Everything about one connection.
struct Programs::Run {
  Run(Programs& programs, std::unique_ptr<Channel> channel, const SockAddr& address)
      : peer(address),
        facts(programs.facts_of(*channel, address)),
        remote(std::move(channel)),
        child(programs.children_),
        place(programs.running_.insert(programs.running_.end(), &child)),
        tally{.start = programs.session_.loop.now()} {}
  SockAddr peer;
  ConnectionFacts facts;
  std::unique_ptr<Channel> remote;
  Child child;
  std::list<Child*>::iterator place;
  Tally tally;
  Outcome outcome;  // of the connection
  std::string tls_end;
  bool over = false;
};

// How long to wait for a peer that does not read the remaining data: no limit until a signal ends
// us, then `grace`.
class Programs::Patience {
 public:
  explicit Patience(const Programs& programs) : programs_(programs) {}
  bool is_over() {
    if (programs_.stopped_by_ == 0) return false;
    if (!limit_) limit_.emplace(programs_.session_.options.program.grace);
    return limit_->left() == Millis::zero();
  }

 private:
  const Programs& programs_;
  std::optional<net::Deadline> limit_;
};

// Whether some option requires that the bytes pass through netcat.
static bool touches_bytes(const Options& options) {
  return options.crlf || options.telnet || options.interval > Millis::zero() || options.rate > 0 ||
         options.logs() || options.progress || options.idle != net::kForever;
}

Programs::Programs(Session& session) : session_(session), children_(session.loop) {
  std::signal(SIGPIPE, SIG_IGN);  // writing to a pipe must not end netcat
}

ConnectionFacts Programs::facts_of(const Channel& remote, const SockAddr& peer) const {
  ConnectionFacts facts = ConnectionFacts::of(peer, SockAddr::local(remote.connection()));
  if (session_.options.tls.on) facts.more = remote.facts();
  if (session_.options.proxy.chain.empty()) return facts;
  facts.remote_addr = session_.options.host;
  facts.remote_port = std::to_string(session_.options.port);
  return facts;
}

Task<Outcome> Programs::run(std::unique_ptr<Channel> remote, SockAddr peer) {
  Run run(*this, std::move(remote), peer);
  if (touches_bytes(session_.options) || run.remote->read_fd() < 0)
    co_await relay_to(run);
  else
    co_await hand_over(run);
  if (run.child.pid() > 0) co_await run.child.end_group(SIGHUP, session_.options.program.grace);
  running_.erase(run.place);
  run.tally.end = session_.loop.now();
  const Outcome outcome = outcome_of_run(run);
  say_closed(session_.options, run.peer, run.tally, outcome, run.tls_end);
  co_return outcome;
}

// The connection's failure takes precedence, because it explains the program's.
Outcome Programs::outcome_of_run(const Run& run) const {
  Outcome outcome = run.outcome;
  if (run.child.pid() > 0) outcome.program_status = run.child.exit_status();
  outcome.program_signal = run.child.killed_by();
  if (stopped_by_ != 0) outcome.status = stopped_by();
  const std::string failure = run.child.failure();
  if (outcome.status != net::kOk || failure.empty()) return outcome;
  outcome.status = net::kProgram;
  outcome.why = session_.options.program.command.name() + ": " + failure;
  return outcome;
}

bool Programs::stop(int signal) {
  stopped_by_ = signal;
  session_.log.abandon();
  for (Child* child : running_) child->order(SIGTERM);
  if (on_stop) on_stop();
  return !running_.empty();
}

// With -k, retries a failed fork, because a later one may succeed.
Task<bool> Programs::start(Run& run, int in, int out) {
  const Command& command = session_.options.program.command;
  const std::vector<std::string> environment = environment_of(environ, run.facts);
  for (;;) {
    if (stopped_by_ != 0) co_return false;
    Error e = run.child.start(command, environment, in, out);
    if (!e) starved_ = false;
    if (!e) co_return true;
    run.outcome = {net::kProgram, command.name() + ": cannot be started: " + e.message()};
    const bool starved = e == Error(UV_EAGAIN) || e == Error(UV_ENOMEM);
    if (!session_.options.keep_open || !starved) co_return false;
    if (!std::exchange(starved_, true)) say_problem(session_.options, run.peer, run.outcome.why);
    run.outcome = {};
    e = co_await net::sleep(session_.loop, kForkPause);
    if (e) co_return false;
  }
}

// --- the program has the connection itself ---

static Task<> watch_connection(const ConnectionLook& look, net::Watch& watch, net::Timer& pause,
                               Child& child) {
  Error e = co_await watch.hangup();
  while (!e && !child.ended()) {
    const ConnectionLook::State state = look.state();
    if (state == ConnectionLook::kLost) child.order(SIGHUP);
    if (state != ConnectionLook::kEnding) break;
    (void)co_await pause.wait(kLookMax);  // until the peer's last acknowledgement
  }
}

Task<> Programs::hand_over(Run& run) {
  const int fd = run.remote->read_fd();
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);  // as programs expect it
  run.remote->probe_peer();
  const ConnectionLook look(fd);
  const bool started = co_await start(run, fd, fd);
  if (!started) co_return;
  const Fd twin(fcntl(fd, F_DUPFD_CLOEXEC, 0));  // epoll watches a descriptor only once
  net::Watch watch(session_.loop, twin.get());
  net::Timer pause(session_.loop);
  net::WaitGroup watching;
  watching.go(watch_connection(look, watch, pause, run.child));
  co_await run.child.wait(session_.options.program.grace);
  watch.cancel();
  pause.wake();
  co_await watching.wait();
  const bool lost = look.state() == ConnectionLook::kLost;
  run.tally.ended_by(look.peer_has_ended() ? Tally::kPeer : Tally::kLocal);
  if (!lost) co_await deliver(run);
  run.tally.sent = look.sent();
  run.tally.received = look.received();
  if (lost || look.state() == ConnectionLook::kLost) set_lost(run);
}

void Programs::set_lost(Run& run) const {
  run.tally.ended_by(Tally::kPeer);
  run.outcome =
      outcome_of({.reason = Verdict::kLost, .error = UV_ECONNRESET}, session_.options, "");
}

// Discards input until everything that was sent is acknowledged: closing a socket with unread data
// would reset the connection, and the peer might lose the last data.
Task<> Programs::deliver(Run& run) {
  std::array<char, 4096> rest;
  (void)run.remote->finish();  // if this fails, undelivered() reports the loss
  Patience patience(*this);
  for (Millis pause = kLookMin; !patience.is_over(); pause = std::min(2 * pause, kLookMax)) {
    net::Result<std::size_t> n = run.remote->try_read(rest);
    while (n && *n > 0) n = run.remote->try_read(rest);
    const net::Result<std::size_t> left = run.remote->undelivered();
    if (!left || *left == 0) co_return;
    Error e = co_await net::sleep(session_.loop, pause);
    if (e) co_return;
  }
}

// --- the bytes pass through us ---

static Error open_pipe(Fd& for_reading, Fd& for_writing) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno();
  for_reading = Fd(ends[0]);
  for_writing = Fd(ends[1]);
  return {};
}

Task<> Programs::relay_to(Run& run) {
  const Options& options = session_.options;
  Fd input, to_program, output, from_program;
  Error e = open_pipe(input, to_program);
  if (!e) e = open_pipe(from_program, output);
  if (e) {
    run.outcome = {net::kProgram, options.program.command.name() + ": pipe: " + e.message()};
    co_return;
  }
  for (const Fd* ours : {&to_program, &from_program}) fcntl(ours->get(), F_SETFL, O_NONBLOCK);
  const bool started = co_await start(run, input.get(), output.get());
  input.reset();
  output.reset();
  if (!started) co_return;
  ProgramPipes local(session_.loop, std::move(to_program), std::move(from_program));
  RelayOptions how;
  how.terms.half_close = options.shutdown;
  how.terms.until_input_ends = true;
  how.terms.idle = options.idle;
  how.ends_when_lost = true;
  if (options.keep_open) how.peer = &run.peer;
  std::optional<Telnet> telnet;
  if (options.telnet) telnet.emplace(*run.remote);
  Relay relay(session_, local, telnet ? *telnet : *run.remote, how);
  net::WaitGroup watching;
  watching.go(watch_program(run, local, relay));
  const Verdict verdict = co_await relay.run();
  run.over = true;
  run.tally = relay.tally();
  run.tls_end = run.remote->tls_end();
  run.outcome = outcome_of(verdict, options, session_.log.problem(), run.remote->failure());
  if (verdict.reason != Verdict::kComplete) {
    run.child.order(SIGHUP);
    run.remote.reset();
  }
  (void)local.finish();
  co_await watching.wait();
}

// Ends the session when the program has ended and its output is delivered, whatever the peer does.
Task<> Programs::watch_program(Run& run, ProgramPipes& local, Relay& relay) {
  co_await run.child.wait(session_.options.program.grace);
  local.program_ended();
  Patience patience(*this);
  for (Millis pause = kLookMin; !run.over; pause = std::min(2 * pause, kLookMax)) {
    const net::Result<std::size_t> left = run.remote->undelivered();
    const bool out = local.at_end() && left && *left == 0;
    if (out || patience.is_over()) relay.end(Verdict::kComplete);
    (void)co_await net::sleep(session_.loop, pause);  // the loop is never cancelled here
  }
}

}  // namespace netcat
