#include "tools/netcat/relay/ending.h"

#include <algorithm>
#include <utility>

namespace netcat {

using net::Error;
using net::Millis;

// Idle time is added up in steps of at most this, so that time in which the process was stopped
// does not count.
constexpr Millis kLook{100};
constexpr Millis kAckLookMin{1};  // acknowledgements cause no event
constexpr Millis kAckLookMax{50};
constexpr Millis kFarewell{10'000};  // limit for acknowledgements that do not affect the status

Ending::Ending(const Terms& terms, Time now)
    : terms_(terms), active_(now), last_input_(now), last_peer_(now) {}

void Ending::input_moved(Time now) {
  active_ = last_input_ = last_look_ = now;
  input_has_moved_ = true;
  idle_for_ = Millis::zero();
}

bool Ending::input_blocks(bool blocks) {
  return !std::exchange(input_blocks_, blocks) && (counts_idleness() || peer_gone_);
}

void Ending::input_ended(Time now) {
  input_ended_ = true;
  input_end_ = now;
}

void Ending::peer_moved(Time now) {
  active_ = last_peer_ = now;
  peer_has_moved_ = true;
}

void Ending::peer_ended(Time now) {
  peer_ended_ = true;
  active_ = last_look_ = now;
  if (send_error_) failed(Verdict::kLost, send_error_);
}

void Ending::send_failed(Error e) {
  send_error_ = e;
  if (peer_ended_) failed(Verdict::kLost, e);
}

void Ending::output_gone(Error why, Time now) {
  if (output_error_) return;
  output_error_ = why;
  active_ = last_look_ = now;
  leaves_at_once_ = why == Error(UV_EPIPE) && input_blocks_ && is_idle(now);
  outlives_output_ = input_has_moved_ && !is_idle(now) && terms_.input == Terms::Input::kStream;
}

// The first failure counts, but a failure replaces kComplete: a loss before the exit takes
// precedence.
void Ending::failed(Verdict::Reason reason, Error e) {
  if (!failed_ || failed_->reason == Verdict::kComplete) failed_ = with(reason, e);
}

std::optional<Verdict> Ending::looked(bool held, net::Result<std::size_t> undelivered, Time began,
                                      Time now) {
  const bool progress = undelivered && undelivered_ && *undelivered != *undelivered_;
  if (held || progress) active_ = now;
  undelivered_ = undelivered;
  if (counts_idleness()) idle_for_ += std::min(kLook, std::chrono::floor<Millis>(now - last_look_));
  last_look_ = now;
  return verdict(began);
}

// Whether an idle input counts towards the end of the connection: rules 2c and 5.
bool Ending::counts_idleness() const {
  if (!input_open() || !input_blocks_) return false;
  return output_error_ || (peer_ended_ && peer_has_moved_ && !terms_.until_input_ends);
}

bool Ending::is_over() const {
  if (!peer_ended_ && !output_error_) return false;
  if (!input_open() || leaves_at_once_ || (peer_gone_ && input_blocks_)) return true;
  const bool typed = terms_.input == Terms::Input::kTerminal;
  if (typed) return output_error_ || !terms_.until_input_ends;
  return counts_idleness() && idle_for_ >= pause();
}

bool Ending::is_being_answered(Time now) const {
  if (!outlives_output_ || peer_ended_ || send_error_) return false;
  return now - last_peer_ < kInputPause && now - std::max(last_input_, input_end_) < kAnswers;
}

Verdict Ending::with(Verdict::Reason reason, Error e) const {
  const bool expected = reason == Verdict::kComplete || reason == Verdict::kOutputGone;
  const bool limited = reason == Verdict::kIdle || reason == Verdict::kStuck;
  const bool cut_short = !expected && !(limited && input_blocks_);
  const bool refuses =
      (reason == Verdict::kOutputFailed || reason == Verdict::kLogFailed) && !input_has_moved_;
  return {reason, e, input_open(), refuses || (cut_short && resets_if_killed())};
}

std::optional<Verdict> Ending::verdict(Time now) const {
  if (failed_) return failed_;
  const bool over = is_over();
  if (over && output_error_) {
    const bool gone = *output_error_ == Error(UV_EPIPE);
    const bool waited = now - std::max(last_input_, input_end_) >= kFarewell;
    const bool done = is_delivered() && !is_being_answered(now);
    if (leaves_at_once_ || done || !undelivered_ || waited)
      return with(gone ? Verdict::kOutputGone : Verdict::kOutputFailed, *output_error_);
  } else if (over) {
    if (is_delivered()) return with(Verdict::kComplete);
    if (!undelivered_) return with(Verdict::kLost, undelivered_.error());
  }
  if (terms_.quit_after && input_ended_ && now - input_end_ >= *terms_.quit_after) {
    if (send_error_) return with(Verdict::kLost, send_error_);
    return with(is_delivered() ? Verdict::kComplete : Verdict::kUnacknowledged);
  }
  if (terms_.idle != net::kForever && now - active_ >= terms_.idle)
    return with(over ? Verdict::kStuck : Verdict::kIdle);
  return {};
}

Millis Ending::next_look(Time now) const {
  const auto until = [now](Time then) {
    return std::max(Millis::zero(), std::chrono::ceil<Millis>(then - now));
  };
  Millis next = Millis::max();
  if (failed_) return Millis::zero();
  if (terms_.idle != net::kForever)
    next = std::min(until(active_ + terms_.idle), std::max(terms_.idle / 4, kAckLookMin));
  if (terms_.quit_after && input_ended_)
    next = std::min(next, until(input_end_ + *terms_.quit_after));
  if (counts_idleness()) next = std::min(next, until(last_look_ + kLook));
  if (is_over()) {
    const auto waited = std::chrono::floor<Millis>(now - active_);
    next = std::min(next, std::clamp(waited / 4, kAckLookMin, kAckLookMax));
  }
  return next == Millis::max() ? net::kForever : next;
}

}  // namespace netcat
