// What netcat(1) promises for one connection, read off its history.
#include <algorithm>

#include "tests/sim/single.h"
#include "tests/sim/talk.h"

namespace sim {

using netcat::Terms;
using netcat::Verdict;

namespace {

class Judge {
 public:
  explicit Judge(const Single& run)
      : run_(run),
        local_(run.local),
        remote_(run.remote),
        talk_(run.world, run.remote, run.records.get()),
        end_(run.end_at),
        reason_(run.verdict.reason),
        has_input_(run.terms.input != Terms::Input::kNone),
        is_stream_(run.terms.input == Terms::Input::kStream),
        input_ended_(local_.in.end_seen && has_input_),
        until_(run.options.half_open || run.options.send_only),
        encoded_(run.options.crlf ? with_crlf(local_.in.content) : local_.in.content) {}

  void all() {
    bytes();
    half_close();
    by_reason();
    in_time();
  }

 private:
  void require(bool holds, const char* rule) const {
    if (!holds) run_.world.finding(rule);
  }
  // How long the process was; a tenth of a second of each stop may pass for waiting.
  Ms stopped(Ms from, Ms to) const {
    Ms sum = 0;
    for (const auto& [begin, end] : run_.world.stops)
      sum += std::max<Ms>(0, std::min(end, to) - std::max(begin, from) - 100);
    return sum;
  }
  bool consumer_has_room() const {
    return local_.out.received.size() < total_at(local_.out.room, end_ - 1) + local_.out.buffer;
  }
  bool consumer_is_there() const {
    return std::min(end_, kHorizon - 1) < local_.gone_at && !local_.closed &&
           local_.out.received.size() < local_.full_at;
  }
  std::size_t arrived(const std::vector<Mark>& marks, Ms at) const { return total_at(marks, at); }
  Ms last_read_before_reader_left() const {
    Ms last = 0;
    for (const Event& event : run_.world.events) {
      if (event.what == std::string_view("the reader has left")) break;
      if (event.what == std::string_view("reads stdin")) last = event.at;
    }
    return last;
  }
  Ms moved_at() const { return std::max(remote_.last_moved, local_.last_written); }
  bool limited() const {
    return run_.options.rate > 0 || run_.options.interval > net::Millis::zero();
  }

  void bytes() const;
  void half_close() const;
  void by_reason() const;
  void complete() const;
  void output_gone() const;
  void idle() const;
  void lost() const;
  void delivered_what_had_arrived() const;
  void in_time() const;
  void ended_in_time() const;

  const Single& run_;
  const Local& local_;
  const Remote& remote_;
  const Talk talk_;
  const Ms end_;
  const Verdict::Reason reason_;
  const bool has_input_;
  const bool is_stream_;
  const bool input_ended_;
  const bool until_;
  const std::string encoded_;
};

void Judge::bytes() const {
  require(talk_.content.starts_with(local_.out.received), "standard output has other bytes");
  require(encoded_.starts_with(talk_.received), "the peer is sent other bytes");
  if (run_.options.send_only) require(local_.out.received.empty(), "--send-only writes");
  if (!has_input_)
    require(local_.in.taken == 0 && !local_.in.end_seen, "it reads what is no input");
  require(local_.in.taken <= talk_.received.size() + netcat::Buffers::kBytes,
          "it holds more than a buffer of the input");
  if (!run_.options.send_only && consumer_is_there() && end_ < local_.gone_at)
    require(talk_.taken <= local_.out.received.size() + netcat::Buffers::kBytes,
            "it holds more than a buffer of the output");
}

void Judge::half_close() const {
  require(talk_.finishes <= 1, "it half-closes twice");
  if (talk_.finishes == 1) {
    require(input_ended_ && run_.options.shutdown, "it half-closes without a reason");
    require(talk_.received.size() == encoded_.size(), "it half-closes before all is sent");
  }
  if (local_.finished_at < kNever)
    require(talk_.end_seen_at <= local_.finished_at, "it closes standard output too early");
  else if (consumer_is_there() && run_.world.stops.empty() && (is_stream_ || until_))
    require(local_.last_read <= std::max(talk_.end_seen_at, local_.last_written),
            "it sends on, and its reader does not learn that the peer has ended");
}

void Judge::by_reason() const {
  switch (reason_) {
    case Verdict::kComplete:
      return complete();
    case Verdict::kOutputGone:
      return output_gone();
    case Verdict::kOutputFailed:
      require(local_.closed || local_.out.received.size() >= local_.full_at,
              "output has not failed");
      require(local_.in.taken > 0 || remote_.resets, "output is lost, and no reset");
      return;
    case Verdict::kInputFailed:
      require(local_.in.error != 0 && end_ >= local_.in.end_at, "the input has not failed");
      require(!is_stream_ || remote_.resets, "half an input, and no reset");
      return;
    case Verdict::kLost:
      return lost();
    case Verdict::kUnacknowledged:
      require(run_.terms.quit_after && input_ended_, "no -q has run out");
      require(!talk_.all_sent_is_acknowledged() || remote_.dead_at < kNever || remote_.lag > 0,
              "all was acknowledged");
      require(remote_.refused_at >= kNever, "lost, and said to be late");
      return delivered_what_had_arrived();
    case Verdict::kIdle:
    case Verdict::kStuck:
      return idle();
    default:
      require(false, "a verdict that is none");
  }
}

void Judge::complete() const {
  require(!remote_.resets, "a reset at the end of a complete connection");
  require(!talk_.truncation_seen, "a truncation with status 0");
  const bool peer_ended = talk_.end_seen_at < kNever;
  const bool quit = run_.terms.quit_after && input_ended_ &&
                    end_ >= local_.last_read + run_.terms.quit_after->count();
  require(peer_ended || quit, "complete, though the peer has not ended");
  if (!run_.options.send_only && peer_ended)
    require(local_.out.received.size() == talk_.content.size(), "lost: output, with status 0");
  if (!peer_ended) delivered_what_had_arrived();
  require(talk_.all_data_is_acknowledged(), "complete, though not all is acknowledged");
  if (input_ended_) {
    require(talk_.received.size() == encoded_.size(), "lost: input, with status 0");
    const bool typed = run_.terms.input == Terms::Input::kTerminal && peer_ended && !until_;
    require(talk_.finishes == 1 || !run_.options.shutdown || typed,
            "complete without a half-close");
    return;
  }
  if (!is_stream_ || quit) {
    require(!has_input_ || !until_ || quit, "it leaves an input that it should send to its end");
    return;
  }
  require(!until_, "it leaves an input that it should send to its end");
  require(!talk_.content.empty(), "it leaves a receiver that half-closed early");
  require(arrived(local_.in.arrivals, end_ - 1) <= local_.in.taken,
          "lost: ready input, with status 0");
  const Ms since = std::max(talk_.end_seen_at, local_.last_read);
  require(end_ - since - stopped(since, end_) >= 300, "it leaves an input that was not idle");
}

void Judge::output_gone() const {
  require(!run_.options.send_only && local_.gone_at <= end_, "the reader is still there");
  require(!remote_.resets, "a reset because a reader has left");
  if (!is_stream_ || limited() || !run_.world.stops.empty()) return;
  if (end_ >= std::min(remote_.reset_at, remote_.dead_at)) return;
  if (remote_.closes_fully && end_ >= remote_.in.end_at) return;
  // Input that flows is sent on.
  if (last_read_before_reader_left() + 250 < local_.gone_at) return;
  require(arrived(local_.in.arrivals, end_ - 1) <= local_.in.taken,
          "flowing input is lost with its reader");
  require(talk_.received.size() == encoded_.size() || local_.in.taken < encoded_.size(),
          "read input is lost with the reader");
  if (!input_ended_) require(end_ - local_.last_read >= 300, "it leaves flowing input");
}

// Whatever ends a connection by time first takes what is there.
void Judge::delivered_what_had_arrived() const {
  if (run_.options.send_only || !consumer_is_there() || !consumer_has_room()) return;
  if (run_.options.rate > 0) return;
  require(
      local_.out.received.size() >= arrived(talk_.arrivals, std::min(end_, remote_.reset_at) - 1),
      "what had arrived is not delivered");
}

void Judge::idle() const {
  const Ms limit = run_.options.idle.count();
  require(run_.options.idle != net::kForever, "idle without a limit");
  require(end_ - moved_at() >= limit, "idle too early");
  delivered_what_had_arrived();
}

void Judge::lost() const {
  const bool keepalive = remote_.probed && remote_.dead_at < end_;
  const bool closed = remote_.closes_fully && end_ >= remote_.in.end_at;
  require(end_ >= remote_.reset_at || remote_.in.error != 0 || keepalive || closed ||
              talk_.truncation_seen,
          "lost, though nothing has happened");
  if (end_ < kHorizon) delivered_what_had_arrived();
}

// Only the horizon's reset has ended it: was there an earlier reason?
void Judge::in_time() const {
  const bool stuck_consumer =
      !run_.options.send_only && consumer_is_there() && !consumer_has_room();
  const bool stuck_peer = remote_.dead_at < kNever || !talk_.all_sent_is_acknowledged();
  if (end_ < kHorizon) return ended_in_time();
  const bool peer_ended = talk_.end_seen_at < kHorizon;
  if (run_.options.idle != net::kForever) require(stuck_consumer || limited(), "it is never idle");
  if (run_.terms.quit_after && input_ended_ && !stuck_peer) require(false, "-q never ends it");
  require(!peer_ended || remote_.refused_at >= kHorizon, "it never ends, though the peer has gone");
  if (!peer_ended || stuck_peer) return;
  const bool typed = run_.terms.input == Terms::Input::kTerminal && !until_;
  require(has_input_ && !typed && !input_ended_, "it never ends, though both sides have");
  require(until_ || talk_.content.empty(), "it never leaves an idle input");
}

void Judge::ended_in_time() const {
  if (!run_.world.stops.empty() || limited()) return;
  constexpr Ms kSlack = 1'000;
  if (run_.terms.quit_after && !run_.records && talk_.finished_at < kNever)
    require(end_ <= talk_.finished_at + run_.terms.quit_after->count() + kSlack, "-q ends it late");
  if (run_.records && !talk_.all_sent_is_acknowledged()) return;  // it was the reset that ended it
  if (reason_ != Verdict::kComplete || talk_.end_seen_at >= kNever) return;
  Ms last =
      std::max({talk_.end_seen_at, local_.last_read, remote_.last_moved, local_.last_written});
  for (const Mark& mark : remote_.out.room) last = std::max(last, mark.at);
  if (talk_.finished_at < kNever) last = std::max(last, talk_.finished_at);
  require(end_ <= last + 2 * remote_.lag + kSlack, "it ends too late");
}

}  // namespace

void judge(const Single& run) { Judge(run).all(); }

}  // namespace sim
