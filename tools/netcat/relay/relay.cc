#include "tools/netcat/relay/relay.h"

namespace netcat {

using net::Error;
using net::Millis;
using net::Task;

constexpr unsigned kStepsInARow = 16;  // then the other direction has its turn

Relay::Way::Way(Session& session, Channel& source, Channel& sink, std::uint64_t rate,
                const TransferOptions& how)
    : from(source),
      to(sink),
      limit(rate > 0 ? std::make_unique<RateLimit>(session.loop, rate) : nullptr),
      transfer(source, sink, session.buffers, limit ? limit->chunk() : SIZE_MAX, how) {}

static std::unique_ptr<Pace> pace_of(Session& session, const RelayOptions& options) {
  const Millis interval = session.options.interval;
  if (!options.paced || interval == Millis::zero()) return nullptr;
  return std::make_unique<Pace>(session.loop, interval);
}

Relay::Relay(Session& session, Channel& local, Channel& remote, const RelayOptions& options)
    : session_(session),
      loop_(session.loop),
      local_(local),
      remote_(remote),
      peer_(options.peer),
      ends_when_lost_(options.ends_when_lost),
      ending_(options.terms, loop_.now()),
      pace_(pace_of(session, options)),
      up_(session, local, remote, options.paced ? session.options.rate : 0, how_up(options)),
      down_(session, remote, local, session.options.rate, how_down(options)),
      look_(loop_),
      tally_{.start = loop_.now()},
      traffic_(remote.traffic()) {
  up_.ended = options.terms.input == Terms::Input::kNone;
}

TransferOptions Relay::how_up(const RelayOptions& options) {
  return {.crlf = options.paced && session_.options.crlf,
          .lines = pace_ != nullptr,
          .on_written = session_.log.is_open() ? this : nullptr};
}

TransferOptions Relay::how_down(const RelayOptions& options) {
  return {.discard = options.discards, .on_read = session_.log.is_open() ? this : nullptr};
}

Task<Verdict> Relay::run() {
  session_.meter.start();
  remote_.reset_on_close(ending_.resets_if_killed());
  tasks_.go(move(down_));
  tasks_.go(move(up_));
  tasks_.go(watch_time());
  if (ends_when_lost_) tasks_.go(watch_peer());
  co_await tasks_.wait();
  tally_.ended_by(Tally::kLocal);
  tally_.end = loop_.now();
  tally_.input_open = verdict_->input_open;
  remote_.reset_on_close(verdict_->resets);
  if (verdict_->input_open) local_.stop_reading();
  co_return *verdict_;
}

// --- the two directions ---

Task<> Relay::move(Way& way) {
  while (way.next != Next::kOver) {
    if (way.limit || pace_ || waits_for_log()) co_await wait_for_turn(way);
    way.next = pump(way);
    way.held = way.next == Next::kAwaitOutput && &way == &down_;
    Error e;
    if (way.next == Next::kGoOn) co_await net::yield(loop_);
    if (way.next == Next::kAwaitInput || way.next == Next::kAwaitOutput) e = co_await ready(way);
    if (e && e != Error(UV_ECANCELED)) end(Verdict::kLost, e);
    if (e) co_return;
  }
}

Task<Error> Relay::ready(Way& way) {
  return way.next == Next::kAwaitInput ? way.from.readable() : way.to.writable();
}

// Waits for -i, for --rate and for the log.
Task<> Relay::wait_for_turn(Way& way) {
  way.held = true;
  if (pace_ && &way == &up_ && way.transfer.is_pending()) co_await pace_->wait();
  if (way.limit) co_await way.limit->wait();
  while (waits_for_log()) co_await session_.log.changed();
  if (!session_.log.problem().empty()) end(Verdict::kLogFailed);
  way.held = false;
}

// Moves the data that is ready, and lets the other direction have its turn.
Relay::Next Relay::pump(Way& way) {
  for (unsigned steps = 0; steps < kStepsInARow; ++steps) {
    if (verdict_ || way.ended) return Next::kOver;
    if (way.drained) return at_end(way);
    if (waits_for_log()) return Next::kGoOn;
    if (!way.transfer.is_pending() && !way.to.has_room())
      return way.from.has_input() ? Next::kAwaitOutput : Next::kAwaitInput;
    const Step step = way.transfer.step();
    if (&way == &up_ && ending_.input_blocks(step.what == Step::kInputBlocks)) look_.wake();
    switch (step.what) {
      case Step::kMoved:
        moved(way, step);
        if (way.limit || pace_) return Next::kGoOn;
        break;
      case Step::kInputBlocks:
        look_for_traffic();
        return Next::kAwaitInput;
      case Step::kOutputBlocks:
        look_for_traffic();
        if (lost_ && &way == &down_) end(Verdict::kLost, lost_);
        return Next::kAwaitOutput;
      case Step::kEnd:
        way.drained = true;
        break;
      case Step::kInputFailed:
      case Step::kOutputFailed:
        failed(way, step);
    }
  }
  return Next::kGoOn;
}

// Counts encrypted bytes as activity: on a slow connection one TLS record may take longer than -w.
void Relay::look_for_traffic() {
  const std::uint64_t traffic = remote_.traffic();
  if (traffic != std::exchange(traffic_, traffic)) ending_.trickled(loop_.now());
}

void Relay::moved(Way& way, const Step& step) {
  if (step.bytes == 0) return;
  const bool sent = &way == &up_;
  (sent ? tally_.sent : tally_.received) += step.bytes;
  session_.meter.moved(sent ? step.bytes : 0, sent ? 0 : step.bytes);
  if (way.limit) way.limit->moved(step.bytes);
  if (sent && pace_) pace_->sent(step.line_ended);
  if (sent)
    ending_.input_moved(loop_.now());
  else
    ending_.peer_moved(loop_.now());
}

Relay::Next Relay::at_end(Way& way) {
  if (&way == &down_) {
    ending_.peer_ended(loop_.now());
    tally_.answered = tally_.first_end != Tally::kLocal || tally_.received > 0;
    tally_.ended_by(Tally::kPeer);
    tally_.peer_ended = true;
    if (ending_.goes_on()) {
      (void)local_.finish();
      remote_.probe_peer();
      if (lost_) end(Verdict::kLost, lost_);
      if (!ends_when_lost_) tasks_.go(watch_peer());
    }
  } else {
    const Error e = ending_.half_close_due() ? remote_.finish() : Error();
    if (e == Error(UV_EAGAIN)) return Next::kAwaitOutput;
    ending_.input_ended(loop_.now());
    if (e) {
      stop_sending(e);
    } else {
      if (ending_.half_close_due()) tally_.ended_by(Tally::kLocal);
      remote_.reset_on_close(false);
    }
  }
  way.ended = true;
  look_.wake();
  return Next::kOver;
}

// Writes the data to --output and --hex-dump.
void Relay::saw(const Transfer& transfer, std::string_view data) {
  const bool sent = &transfer == &up_.transfer;
  Way& way = sent ? up_ : down_;
  session_.log.add(sent ? Direction::kSent : Direction::kReceived, way.logged, data,
                   peer_ != nullptr ? peer_->to_string() : "");
  way.logged += data.size();
  if (!session_.log.problem().empty()) end(Verdict::kLogFailed);
}

}  // namespace netcat
