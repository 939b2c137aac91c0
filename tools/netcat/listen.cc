#include "tools/netcat/listen.h"

#include "common/net/listener.h"
#include "common/net/lookup.h"
#include "tools/netcat/access.h"
#include "tools/netcat/doors.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/first_client.h"
#include "tools/netcat/hub.h"
#include "tools/netcat/program/clients.h"
#include "tools/netcat/relay_stdio.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Fd;
using net::Listener;
using net::Loop;
using net::SockAddr;
using net::Task;

using Listeners = std::vector<Listener>;

static Outcome not_listening(const Options& options, Error e) {
  return {net::kNoListen, "listen on " + options.where() + ": " + e.message()};
}

Task<Outcome> bind_all(Loop& loop, const Options& options, net::ListenOptions how,
                       net::Deadline deadline, std::vector<Fd>& bound) {
  std::vector<SockAddr> addresses;
  if (options.unix_domain) {
    const auto address = SockAddr::unix_path(options.path);
    if (!address) co_return Outcome{net::kUsage, options.path + ": " + address.error().message()};
    addresses.push_back(*address);
  } else {
    const auto found = co_await net::lookup(loop, options.host, options.port, options.family,
                                            options.numeric, deadline);
    if (!found) co_return not_found(options.host, found.error(), options.numeric);
    addresses = *found;
  }
  auto sockets = net::bind_sockets(addresses, how);
  if (!sockets) co_return not_listening(options, sockets.error());
  bound = std::move(*sockets);
  co_return Outcome{};
}

// Takes over the sockets of fd:N or of a service manager.
static Outcome take_inherited(const Options& options, std::vector<Fd>& sockets) {
  for (const int number : options.inherited) {
    auto socket = net::take_listening_socket(number);
    if (!socket) {
      const bool idle = socket.error() == Error(UV_EINVAL);
      return {net::kNoListen, "listen on fd:" + std::to_string(number) + ": " +
                                  (idle ? "not a listening socket" : socket.error().message())};
    }
    sockets.push_back(std::move(*socket));
  }
  return {};
}

// Sets the options to the address that an inherited socket listens on.
static Outcome adopt_address(Options& options, const SockAddr& address) {
  options.unix_domain = address.family() == AF_UNIX;
  options.host = address.host();
  if (options.unix_domain) options.path = address.host();
  if (options.unix_domain && !(options.allow.empty() && options.deny.empty()))
    return {net::kUsage,
            "--allow and --deny do not work with " + options.path + ": clients have no address"};
  return {};
}

static Task<Outcome> open_listeners(Session& session, net::Deadline deadline,
                                    Listeners& listeners) {
  const bool inherited = !session.options.inherited.empty();
  net::ListenOptions how{.dead_peer = net::Millis::zero()};
  how.prepare = [&session](int fd, int family) { session.options.socket.apply(fd, family); };
  how.inherited = inherited;
  std::vector<Fd> sockets;
  Outcome outcome;
  if (inherited)
    outcome = take_inherited(session.options, sockets);
  else
    outcome = co_await bind_all(session.loop, session.options, how, deadline, sockets);
  if (outcome.status != net::kOk) co_return outcome;
  for (Fd& socket : sockets) {
    auto listener = Listener::listen(session.loop, std::move(socket), how);
    if (!listener) co_return not_listening(session.options, listener.error());
    listeners.push_back(std::move(*listener));
  }
  if (inherited) outcome = adopt_address(session.options, listeners.front().address());
  if (outcome.status != net::kOk) co_return outcome;
  if (!session.options.unix_domain) session.options.port = listeners.front().address().port();
  for (const Listener& listener : listeners) {
    const std::string name =
        co_await own_name_to_say(session.loop, session.options, listener.address());
    say_listening(session.options, listener.address(), name);
  }
  if (session.security && !session.security->certificate().empty())
    say_certificate(session.options, session.security->certificate());
  co_return session.write_port_file();
}

// Removes the Unix paths and the port file.
static void clean_up(Session& session, Listeners& listeners) {
  for (Listener& listener : listeners) listener.close();
  session.port_file.remove();
}

// --- one client ---

// Success if there is a client; otherwise the reason for the failure.
static Outcome arrival_of(const Session& session, const FirstClient& first) {
  if (session.is_output_gone) return {kBrokenPipe};
  if (first.channel) return {};
  if (first.error != Error(UV_ETIMEDOUT)) return not_listening(session.options, first.error);
  return outcome_of({.reason = Verdict::kNoClient}, session.options, "");
}

static Task<Outcome> serve_first(Session& session, Stdio& local, FirstClient& first) {
  return relay_stdio(session, local, *first.channel, first.peer, false);
}

static Task<Outcome> serve_first(Session&, Programs& programs, FirstClient& first) {
  return programs.run(std::move(first.channel), first.peer);
}

template <typename Local>
static Task<Outcome> serve_one(Session& session, Local& local, Listeners& listeners,
                               const Access& access, net::Deadline deadline) {
  FirstClient first(session, listeners, access);
  co_await first.wait(deadline);
  Outcome outcome = arrival_of(session, first);
  if (outcome.status == net::kOk) outcome = co_await serve_first(session, local, first);
  co_await first.reported();
  co_return outcome;
}

// --- any number of clients ---

static void report_client(const Session& session, const SockAddr& peer, const Channel& channel,
                          const Tally& tally, const Verdict& verdict) {
  const Options& options = session.options;
  const bool unexpected = verdict.reason == Verdict::kLost && !tally.peer_ended;
  const std::string failure = channel.failure();
  if (unexpected) say_problem(options, peer, failure.empty() ? verdict.error.message() : failure);
  const bool unread = verdict.reason == Verdict::kIdle && verdict.resets;  // unsent input
  if (unread || verdict.reason == Verdict::kStuck)
    say_problem(options, peer, "disconnected because it does not read");
  say_closed(options, peer, tally, outcome_of(verdict, options, "", failure), channel.tls_end());
}

static Task<Outcome> serve_all(Session& session, Stdio& local, Listeners& listeners,
                               const Access& access) {
  const auto on_closed = [&session](const SockAddr& peer, const Channel& channel,
                                    const Tally& tally, const Verdict& how) {
    report_client(session, peer, channel, tally, how);
  };
  const Terms terms = terms_of(session.options, local.input());
  std::optional<Broker> broker;
  if (session.options.broker)
    broker.emplace(session.loop, terms.input == Terms::Input::kNone ? nullptr : &local);
  Channel& end = broker ? static_cast<Channel&>(*broker) : local;
  Hub hub(session, end, terms, on_closed,
          {.broker = broker ? &*broker : nullptr, .in_hand = nullptr});
  session.on_output_gone = [&hub] { hub.output_gone(); };
  const auto admit = [&hub](std::unique_ptr<Channel> client, const SockAddr& peer) {
    hub.admit(std::move(client), peer);
  };
  Doors doors(session, hub, admit, listeners, access);
  net::WaitGroup accepting;
  accepting.go(doors.run());
  const Verdict verdict = co_await hub.run();
  co_await accepting.wait();
  if (broker) co_await broker->close();
  session.on_output_gone = nullptr;
  co_return outcome_of(verdict, session.options, session.log.problem());
}

static Task<Outcome> serve_all(Session& session, Programs& programs, Listeners& listeners,
                               const Access& access) {
  ProgramClients clients(session, programs);
  const auto admit = [&clients](std::unique_ptr<Channel> client, const SockAddr& peer) {
    clients.admit(std::move(client), peer);
  };
  Doors doors(session, clients, admit, listeners, access);
  co_await doors.run();
  const Verdict verdict = co_await clients.wait();
  if (programs.stopped_by() != 0) co_return Outcome{programs.stopped_by()};
  co_return outcome_of(verdict, session.options, "");
}

// --- with standard input and output, or with programs ---

template <typename Local>
static Task<Outcome> serve(Session& session, Local& local, Listeners& listeners) {
  const net::Deadline deadline(session.options.timeout);
  if (session.options.keep_open) net::raise_descriptor_limit();
  Access access;
  Outcome outcome = co_await access.load(session.loop, session.options, deadline);
  if (outcome.status == net::kOk) outcome = co_await open_listeners(session, deadline, listeners);
  if (outcome.status != net::kOk) co_return outcome;
  if (session.options.keep_open)
    outcome = co_await serve_all(session, local, listeners, access);
  else
    outcome = co_await serve_one(session, local, listeners, access, deadline);
  co_return outcome;
}

Task<Outcome> listen(Session& session, Stdio& local) {
  Listeners listeners;
  FatalSignals signals(session.loop, [&session, &listeners] { clean_up(session, listeners); });
  Outcome outcome = co_await serve(session, local, listeners);
  co_await signals.release();
  co_return outcome;
}

Task<Outcome> listen(Session& session, Programs& programs) {
  Listeners listeners;
  FatalSignals signals(session.loop, [&session, &listeners, &programs](int number) {
    clean_up(session, listeners);
    return !programs.stop(number);
  });
  Outcome outcome = co_await serve(session, programs, listeners);
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
