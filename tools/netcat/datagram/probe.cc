#include "tools/netcat/datagram/probe.h"

#include <sys/socket.h>

#include "tools/netcat/datagram/open.h"
#include "tools/netcat/relay/tally.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Dialed;
using net::Error;
using net::Loop;
using net::Millis;
using net::SockAddr;
using net::Task;

constexpr Millis kProbeTime{1'000};
constexpr int kProbes = 2;

namespace {

// The probe of one address; `error` is UV_EAGAIN until an answer or error has arrived.
struct Probe {
  Probe(Loop& loop, net::Fd bound) : socket(loop, std::move(bound)), settled(loop) {}
  bool look();

  DatagramSocket socket;
  net::Timer settled;
  Error error = Error(UV_EAGAIN);
};

bool Probe::look() {
  char byte = 0;
  if (error == Error(UV_EAGAIN))
    error = recv(socket.fd(), &byte, 1, MSG_DONTWAIT) >= 0 ? Error() : Error::from_errno();
  return error != Error(UV_EAGAIN);
}

}  // namespace

static Task<> await_answer(Probe& probe) {
  while (!probe.look()) {
    Error e = co_await probe.socket.readable();
    if (e == Error(UV_ECANCELED)) co_return;
    if (e) probe.error = e;
  }
  probe.settled.wake();
}

static Task<Error> probe_address(Loop& loop, const Options& options, net::Fd bound,
                                 const SockAddr& peer) {
  Probe probe(loop, std::move(bound));
  const Error unreachable = connect_to_other(probe.socket, peer);
  if (unreachable) co_return unreachable;
  const Millis time = options.timeout == net::kForever ? kProbeTime : options.timeout;
  const std::string_view empty[] = {""};
  net::WaitGroup waiting;
  waiting.go(await_answer(probe));
  for (int i = 0; i < kProbes && !probe.look(); ++i) {
    const auto sent = probe.socket.send(empty, {});  // an error answers the previous datagram
    if (!sent) probe.error = sent.error();
    if (probe.look()) break;
    (void)co_await probe.settled.wait(time / kProbes);
  }
  (void)probe.look();  // an answer may have arrived while we were stopped
  probe.socket.cancel();
  co_await waiting.wait();
  co_return probe.error;
}

Task<Probed> probe_port(Loop& loop, const Options& options, const Target& target,
                        std::uint16_t port) {
  Probed probed;
  Dialed& dialed = probed.reached.dialed;
  for (SockAddr peer : target.addresses()) {
    peer.set_port(port);
    const auto start = Tally::Clock::now();
    auto bound = bind_client(options, target.sources(), peer.family());
    Error e = bound ? Error() : bound.error();
    if (bound) e = co_await probe_address(loop, options, std::move(*bound), peer);
    probed.answered = !e;
    if (e == Error(UV_EAGAIN)) e = Error();
    say_probed(options, peer, e, probed.answered, Tally::Clock::now() - start);
    if (e) probed.reached.failures.emplace_back(peer, e);
    if (e && dialed.error == Error(UV_ECONNREFUSED)) continue;  // a refusal tells most
    dialed.stage = !bound ? Dialed::kBind : e ? Dialed::kConnect : Dialed::kConnected;
    dialed.error = e;
    dialed.peer = peer;
    if (!e) break;
  }
  co_return probed;
}

}  // namespace netcat
