#include "tests/sim/program.h"

#include <algorithm>

#include "tests/sim/talk.h"

namespace sim {

using net::Error;
using net::Result;
using net::Task;
using netcat::Verdict;

// --- the program ---

void ProgramEnds::program_ended() {
  ended_ = true;
  pipes_.changed();
}

Result<std::size_t> ProgramEnds::try_read(std::span<char> buffer) {
  const Result<std::size_t> n = pipes_.try_read(buffer);
  const bool last = ended_ && !n && n.error() == Error(UV_EAGAIN) && pipes_.in.all_taken();
  at_end_ = at_end_ || last || (n && *n == 0);
  return last ? Result<std::size_t>(std::size_t{0}) : n;
}

// What a program does not read is thrown away.
Result<std::size_t> ProgramEnds::try_write(std::string_view data) {
  const Result<std::size_t> n = pipes_.try_write(data);
  return !n && n.error() == Error(UV_EPIPE) ? Result<std::size_t>(data.size()) : n;
}

Task<Error> ProgramEnds::readable() {
  while (!ended_ && !canceled_ && !pipes_.has_input()) {
    const Error e = co_await pipes_.change();
    if (e) co_return e;
  }
  co_await net::yield(world_.loop());
  co_return canceled_ ? Error(UV_ECANCELED) : Error();
}

Task<Error> ProgramEnds::hangup() {
  (void)co_await never_.wait(net::kForever);  // cancel() wakes it
  co_return Error(UV_ECANCELED);
}

void ProgramEnds::cancel() {
  canceled_ = true;
  pipes_.cancel();
  never_.wake();
}

// --- the run ---

Program::Program(net::Loop& loop, std::uint64_t seed)
    : world(loop, seed), pipes(world), local(world, pipes), remote(world, 1) {
  Random& random = world.random();
  draw_options(world, options);
  options.send_only = options.recv_only = options.half_open = false;
  options.quit_after.reset();
  options.host = "peer";
  const std::size_t most = options.interval > net::Millis::zero() ? 200 : 100'000;
  draw_source(world, pipes.in, most);
  const Ms last = pipes.in.arrivals.empty() ? 0 : pipes.in.arrivals.back().at;
  exits_at = std::max(last, pipes.in.end_at < kNever ? pipes.in.end_at : 0);
  if (random.chance(50)) exits_at += random.between(1, 5'000);
  draw_sink(world, pipes.out, true);
  pipes.gone_at = random.chance(30) ? random.between(0, exits_at) : exits_at;
  pipes.gone_is_noticed = false;
  draw_peer(world, remote, most);
  if (seed % 32 == 25) records = draw_records(world, remote, truncated);
}

// As Programs does it.
static Task<> watch_program(Program& run, netcat::Channel& peer, netcat::Relay& relay,
                            const bool& over) {
  (void)co_await net::sleep(run.world.loop(), net::Millis(run.exits_at));
  if (over) co_return;
  run.world.add("the program exits", 0);
  run.local.program_ended();
  Ms pause = 1;
  while (!over) {
    const Result<std::size_t> left = peer.undelivered();
    if (run.local.at_end() && left && *left == 0) relay.end(Verdict::kComplete);
    (void)co_await net::sleep(run.world.loop(), net::Millis(pause));
    pause = std::min<Ms>(2 * pause, 50);
  }
}

Task<> Program::run() {
  netcat::Session session(world.loop(), options);
  netcat::RelayOptions how;
  how.terms.half_close = options.shutdown;
  how.terms.until_input_ends = true;
  how.terms.idle = options.idle;
  how.ends_when_lost = remote.watched = true;
  world.add("-w, exit", 0, options.idle.count(), exits_at);
  netcat::Channel& peer = records ? static_cast<netcat::Channel&>(*records) : remote;
  netcat::Relay relay(session, local, peer, how);
  net::WaitGroup beside;
  bool over = false;
  beside.go(watch_program(*this, peer, relay, over));
  verdict = co_await relay.run();
  over = true;
  end_at = world.now();
  world.add("ends with verdict", 0, verdict.reason, verdict.error.code());
  local.cancel();
  co_await beside.wait();
}

// --- the judgement ---

namespace {

class ProgramJudge {
 public:
  explicit ProgramJudge(const Program& run)
      : run_(run),
        talk_(run.world, run.remote, run.records.get()),
        end_(run.end_at),
        output_(run.options.crlf ? with_crlf(run.pipes.in.content) : run.pipes.in.content) {}

  void all() const {
    require(talk_.content.starts_with(run_.pipes.out.received), "the program reads other bytes");
    require(output_.starts_with(talk_.received), "the peer is sent other bytes");
    require(talk_.finishes <= 1, "it half-closes twice");
    if (talk_.finishes == 1)
      require(talk_.received.size() == output_.size() && run_.options.shutdown,
              "it half-closes before all is sent");
    by_reason();
  }

 private:
  void require(bool holds, const char* rule) const {
    if (!holds) run_.world.finding(rule);
  }
  void by_reason() const {
    switch (run_.verdict.reason) {
      case Verdict::kComplete:
        return complete();
      case Verdict::kLost:
        return lost();
      case Verdict::kIdle:
      case Verdict::kStuck:
        return require(run_.options.idle != net::kForever &&
                           end_ - std::max(run_.remote.last_moved, run_.pipes.last_written) >=
                               run_.options.idle.count(),
                       "idle too early");
      default:
        require(false, "a verdict that no program has");
    }
  }
  void complete() const;
  void lost() const;

  const Program& run_;
  const Talk talk_;
  const Ms end_;
  const std::string output_;
};

void ProgramJudge::complete() const {
  const bool both = talk_.end_seen_at < kNever && run_.pipes.in.end_seen;
  require(end_ >= run_.exits_at || both, "complete, though the program runs");
  require(talk_.received.size() == output_.size(), "lost: output of the program, with status 0");
  require(talk_.all_data_is_acknowledged(), "complete, though not all is acknowledged");
  require(!talk_.truncation_seen, "a truncation with status 0");
  require(!run_.remote.resets, "a reset at the end of a complete connection");
  const bool limited = run_.options.rate > 0 || run_.options.interval > net::Millis::zero();
  if (limited || !run_.world.stops.empty() || !talk_.all_sent_is_acknowledged()) return;
  Ms last = std::max({run_.exits_at, run_.remote.last_moved, run_.pipes.last_written});
  for (const Mark& mark : run_.remote.out.room) last = std::max(last, mark.at);
  require(end_ <= last + 2 * run_.remote.lag + 1'000, "it ends too late");
}

void ProgramJudge::lost() const {
  const Remote& remote = run_.remote;
  const bool closed = remote.closes_fully && end_ >= remote.in.end_at;
  const bool keepalive = remote.probed && remote.dead_at < end_;
  require(end_ >= remote.reset_at || closed || keepalive || talk_.truncation_seen,
          "lost, though nothing has happened");
  require(remote.resets || run_.local.at_end(), "half of the output, and no reset");
  if (end_ < kHorizon) return;
  const bool stuck = remote.dead_at < kNever || !talk_.all_sent_is_acknowledged();
  const bool slow = run_.options.rate > 0 || run_.options.interval > net::Millis::zero();
  require(stuck || slow, "it never ends, though the program has");
}

}  // namespace

void judge(const Program& run) { ProgramJudge(run).all(); }

}  // namespace sim
