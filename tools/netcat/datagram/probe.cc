#include "tools/netcat/datagram/probe.h"

#include <sys/socket.h>

#include "tools/netcat/datagram/open.h"
#include "tools/netcat/relay/tally.h"
#include "tools/netcat/report.h"

namespace netcat {

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

static Task<Error> probe_address(Loop& loop, const Options& options, const Target& target,
                                 const SockAddr& peer) {
  auto bound = bind_client(options, target.sources(), peer.family());
  if (!bound) co_return bound.error();
  Probe probe(loop, std::move(*bound));
  const Error unreachable = probe.socket.connect(peer);
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
  net::Dialed& dialed = probed.reached.dialed;
  for (SockAddr peer : target.addresses()) {
    peer.set_port(port);
    const auto start = Tally::Clock::now();
    const Error e = co_await probe_address(loop, options, target, peer);
    probed.answered = !e;
    dialed.error = e == Error(UV_EAGAIN) ? Error() : e;
    dialed.peer = peer;
    dialed.stage = dialed.error ? net::Dialed::kConnect : net::Dialed::kConnected;
    say_probed(options, peer, dialed.error, probed.answered, Tally::Clock::now() - start);
    if (!dialed.error) break;
    probed.reached.failures.emplace_back(peer, dialed.error);
  }
  co_return probed;
}

}  // namespace netcat
