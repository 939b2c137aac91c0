// How a relay ends: what it reports to its Ending, and when it asks for the verdict.
#include "tools/netcat/relay/relay.h"

namespace netcat {

using net::Error;
using net::Task;

void Relay::leave(const Verdict& verdict) {
  if (verdict_) return;
  verdict_ = verdict;
  local_.cancel();
  remote_.cancel();
  look_.wake();
  session_.log.wake();
  if (pace_) pace_->cancel();
  if (up_.limit) up_.limit->cancel();
  if (down_.limit) down_.limit->cancel();
}

// Ends the relay without a half-close, which after a failure would look like the end of the input.
void Relay::end(Verdict::Reason reason, Error e) {
  ending_.failed(reason, e);
  up_.ended = true;
  look_.wake();
}

void Relay::failed(Way& way, const Step& step) {
  const bool input = step.what == Step::kInputFailed;
  if (&way == &up_) {
    if (!input) return stop_sending(step.error);
    end(Verdict::kInputFailed, step.error);
  } else if (input) {
    tally_.ended_by(Tally::kPeer);
    end(Verdict::kLost, step.error);
  } else {
    const bool outlived = step.error == Error(UV_EPIPE) || step.error == Error(UV_EBADF);
    if (!outlived) end(Verdict::kOutputFailed, step.error);
    way.transfer.discard();
    if (outlived) ending_.output_gone(step.error, loop_.now());
    look_.wake();
    return;
  }
  way.ended = true;
}

// If the peer has stopped reading, continues to read what it has sent.  After any other failure
// ends at once, because the peer may be waiting for the rest of the input.
void Relay::stop_sending(Error e) {
  const bool stopped = e == Error(UV_EPIPE) || e == Error(UV_ECONNRESET) || e == Error(UV_EPROTO);
  if (!stopped) return end(Verdict::kLost, e);
  up_.ended = true;
  local_.stop_reading();
  ending_.send_failed(e);
  look_.wake();
}

void Relay::output_gone() {
  ending_.output_gone(Error(UV_EPIPE), loop_.now());
  down_.transfer.discard();
  look_.wake();
}

Task<> Relay::watch_time() {
  while (!verdict_) {
    const Error e = co_await look_.wait(ending_.next_look(loop_.now()));
    if (e == Error(UV_ECANCELED)) ending_.failed(Verdict::kLost, e);
    co_await look();
  }
}

bool Relay::Way::is_busy() const {
  return !ended && !held &&
         (next == Next::kGoOn || (next == Next::kAwaitInput && from.has_input()));
}

// Reads what has arrived before a time limit ends the connection, because this process may have
// been stopped.  It may also be stopped in here.
Task<> Relay::look() {
  constexpr int kTurns = 64;  // bounded, so that no peer can keep us here
  const auto began = loop_.now();
  for (int turn = 0; turn < kTurns && (up_.is_busy() || down_.is_busy()); ++turn)
    co_await net::yield(loop_);
  const bool held = up_.held || down_.held || local_.holds_up();
  const auto verdict = ending_.looked(held, remote_.undelivered(), began, loop_.now());
  if (verdict) leave(*verdict);
}

// Watches for the loss of the peer while nothing is read that would report it: after its end, or
// while the local end does not take what has arrived.
Task<> Relay::watch_peer() {
  Error e = co_await remote_.hangup();
  if (e == Error(UV_EPIPE)) {
    ending_.peer_gone();
    look_.wake();
  } else if (e != Error(UV_ECANCELED)) {
    lost_ = e;
    if (tally_.peer_ended || down_.next == Next::kAwaitOutput) end(Verdict::kLost, e);
  }
}

}  // namespace netcat
