#include "tools/netcat/relay_stdio.h"

#include "tools/netcat/channel/telnet.h"
#include "tools/netcat/relay/relay.h"
#include "tools/netcat/report.h"

namespace netcat {

// For a listener, /dev/null counts as no input.  An empty input would half-close before the client
// has begun, and a sender would take that for the end of the session.
Terms terms_of(const Options& options, Stdio::Input input) {
  Terms terms;
  terms.half_close = options.shutdown;
  terms.until_input_ends = options.half_open || options.send_only;
  terms.idle = options.idle;
  // -q 0 means no limit, as in Debian's nc.
  if (options.quit_after != net::Millis::zero()) terms.quit_after = options.quit_after;
  const bool nothing = input == Stdio::Input::kNothing && options.listen;
  if (nothing || options.recv_only)
    terms.input = Terms::Input::kNone;
  else if (input == Stdio::Input::kTerminal)
    terms.input = Terms::Input::kTerminal;
  return terms;
}

net::Task<Outcome> relay_stdio(Session& session, Stdio& local, Channel& remote,
                               const net::SockAddr& peer, bool was_reset) {
  const Options& options = session.options;
  RelayOptions how{.terms = terms_of(options, local.input()), .discards = options.send_only};
  std::optional<Telnet> telnet;
  if (options.telnet) telnet.emplace(remote);
  Relay relay(session, local, telnet ? *telnet : remote, how);
  session.on_output_gone = [&relay] { relay.output_gone(); };
  if (was_reset) relay.peer_reset();
  const Verdict verdict = co_await relay.run();
  session.on_output_gone = nullptr;
  const Outcome outcome = outcome_of(verdict, options, session.log.problem(), remote.failure());
  say_closed(options, peer, relay.tally(), outcome, remote.tls_end());
  co_return outcome;
}

}  // namespace netcat
