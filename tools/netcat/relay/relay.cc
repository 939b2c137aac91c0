#include "tools/netcat/relay/relay.h"

#include <algorithm>

#include "tools/netcat/relay/delivery.h"
#include "tools/netcat/relay/pace.h"
#include "tools/netcat/relay/rate_limit.h"
#include "tools/netcat/relay/transfer.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Descriptor;
using net::Error;
using net::Loop;
using net::Millis;
using net::Task;
using Clock = std::chrono::steady_clock;

constexpr Millis kSilence{2'000};   // -q 0: a peer that has everything, and so long nothing to say
constexpr Millis kChatter{30'000};  // the same for one that never falls silent
constexpr Millis kInputPause{300};  // shorter ones do not make an input idle
constexpr unsigned kStepsInARow = 16;  // then the other direction has its turn
constexpr Millis kAckPause{2};         // between two looks at what is still to be acknowledged

namespace {

class Relay {
 public:
  Relay(Session& session, net::Fd socket)
      : loop_(session.loop),
        options_(session.options),
        session_(session),
        conn_(loop_, std::move(socket)),
        in_(Descriptor::standard_input(loop_)),
        out_(Descriptor::standard_output(loop_)),
        timer_(loop_),
        pace_(loop_, options_.interval),
        up_limit_(loop_, options_.rate),
        down_limit_(loop_, options_.rate) {}

  Task<Outcome> run();

 private:
  Task<> upload();
  Task<> download();
  Task<> watch_output();
  Task<> watch_time();
  Task<> confirm_delivery();

  void end(int status, std::string why, bool reset = false);
  void lost(Error e);
  void moved(Direction direction, std::size_t bytes);
  void add_to_log(Direction direction, std::string_view data);
  void upload_failed(Error e);
  void input_ended();
  bool outlives_output(Error e);
  void peer_ended();
  bool is_leaving() const;
  bool expects_input() const;
  void check_quit(Clock::time_point now);
  Millis time_left() const;
  std::optional<Millis> quit_after() const;
  bool is_delivered() const { return options_.unix_domain || unacknowledged(conn_.fd()) == 0; }
  void note_progress();
  std::function<void(std::string_view)> logged(Direction direction);

  Loop& loop_;
  const Options& options_;
  Session& session_;
  Descriptor conn_;
  Descriptor in_;
  Descriptor out_;
  net::Timer timer_;  // woken when there is a new time limit, or none any more
  Pace pace_;
  RateLimit up_limit_;
  RateLimit down_limit_;
  Tally tally_;
  std::uint64_t sent_logged_ = 0;  // bytes
  std::uint64_t received_logged_ = 0;
  Outcome outcome_;
  Error upload_error_;
  Outcome unwritable_;  // why what arrives goes nowhere
  bool ended_ = false;
  bool input_idle_ = false;   // the upload waits for input
  bool input_ended_ = false;  // and we have half-closed
  bool peer_ended_ = false;
  Clock::time_point active_ = Clock::now();  // when data last moved
  Clock::time_point last_input_ = active_;   // or the start
  Clock::time_point input_end_;
  Clock::time_point delivered_;  // when all was acknowledged, after input_end_
  int unacknowledged_ = 0;       // when it was last looked at
};

Task<Outcome> Relay::run() {
  session_.meter.start();
  const net::SockAddr peer = net::SockAddr::peer(conn_.fd());  // as long as there is one
  net::WaitGroup tasks;
  tasks.go(download());
  if (!options_.recv_only) tasks.go(upload());
  if (!options_.send_only) tasks.go(watch_output());
  tasks.go(watch_time());
  co_await tasks.wait();
  if (outcome_.status == unwritable_.status) co_await confirm_delivery();
  tally_.ended_by(Tally::kLocal);
  say_closed(options_, peer, tally_, outcome_);
  co_return outcome_;
}

// The first reason counts.
void Relay::end(int status, std::string why, bool reset) {
  if (ended_) return;
  ended_ = true;
  outcome_ = {status, std::move(why), reset};
  if (status == net::kOk) outcome_ = unwritable_;
  for (Descriptor* descriptor : {&conn_, &in_, &out_}) descriptor->cancel();
  timer_.wake();
  pace_.cancel();
  up_limit_.cancel();
  down_limit_.cancel();
}

void Relay::lost(Error e) {
  const bool reset = e == Error(UV_ECONNRESET) || e == Error(UV_EPIPE);
  if (reset) tally_.ended_by(Tally::kPeer);
  end(net::kLost, options_.where() + ": " + e.message(), reset);
}

void Relay::moved(Direction direction, std::size_t bytes) {
  const bool sent = direction == Direction::kSent;
  (sent ? tally_.sent : tally_.received) += bytes;
  session_.meter.moved(sent ? bytes : 0, sent ? 0 : bytes);
  (sent ? up_limit_ : down_limit_).moved(bytes);
  active_ = Clock::now();
}

std::function<void(std::string_view)> Relay::logged(Direction direction) {
  if (!session_.log.is_open()) return {};
  return [this, direction](std::string_view data) { add_to_log(direction, data); };
}

void Relay::add_to_log(Direction direction, std::string_view data) {
  std::uint64_t& offset = direction == Direction::kSent ? sent_logged_ : received_logged_;
  session_.log.add(direction, offset, data, "");
  offset += data.size();
  if (!session_.log.problem().empty()) end(net::kLocalIo, session_.log.problem());
}

// --- the two directions ---

Task<> Relay::upload() {
  const bool paced = options_.interval > Millis::zero();
  TransferOptions how{.crlf = options_.crlf, .lines = paced, .chunk = up_limit_.chunk()};
  how.on_written = logged(Direction::kSent);
  Transfer transfer(in_, conn_, std::move(how));
  for (unsigned steps = 1; !ended_; ++steps) {
    if (paced && transfer.is_pending()) co_await pace_.wait();
    if (up_limit_.is_set()) co_await up_limit_.wait();
    if (ended_) co_return;
    const Step step = transfer.step();
    if (step.what == Step::kEnd) break;
    if (step.what == Step::kOutputFailed) co_return upload_failed(step.error);
    if (step.what == Step::kInputFailed)
      co_return end(net::kLocalIo, std::string("stdin: ") + step.error.message());
    Error e;
    if (step.what == Step::kInputBlocks) {
      if (is_leaving() && !expects_input()) co_return end(net::kOk, "");
      if (is_leaving()) timer_.wake();
      input_idle_ = true;
      e = co_await in_.readable();
      input_idle_ = false;
    } else if (step.what == Step::kOutputBlocks) {
      e = co_await conn_.writable();
    } else {
      last_input_ = Clock::now();
      moved(Direction::kSent, step.bytes);
      if (step.bytes > 0) pace_.sent(step.line_ended);
      if (steps % kStepsInARow == 0) co_await net::yield(loop_);
    }
    if (e) co_return;
  }
  if (!ended_) input_ended();
}

// What the peer said before it stopped listening is still to come.
void Relay::upload_failed(Error e) {
  upload_error_ = e;
  if (peer_ended_) lost(e);
}

void Relay::input_ended() {
  input_ended_ = true;
  input_end_ = delivered_ = Clock::now();
  if (options_.shutdown) {
    tally_.ended_by(Tally::kLocal);
    Error e = conn_.shutdown();
    if (e) return upload_failed(e == Error(UV_ENOTCONN) ? Error(UV_ECONNRESET) : e);
  }
  if (peer_ended_) return end(net::kOk, "");
  timer_.wake();
}

Task<> Relay::download() {
  TransferOptions how{.discard = options_.send_only, .chunk = down_limit_.chunk()};
  how.on_read = logged(Direction::kReceived);
  Transfer transfer(conn_, out_, std::move(how));
  for (unsigned steps = 1; !ended_; ++steps) {
    if (down_limit_.is_set()) co_await down_limit_.wait();
    if (ended_) co_return;
    if (input_ended_ && quit_after() == Millis::zero()) transfer.discard();
    const Step step = transfer.step();
    if (step.what == Step::kEnd) break;
    if (step.what == Step::kInputFailed) co_return lost(step.error);
    Error e;
    if (step.what == Step::kOutputFailed) {
      if (!outlives_output(step.error)) co_return;
      transfer.give_up_output();
    } else if (step.what == Step::kInputBlocks) {
      e = co_await conn_.readable();
    } else if (step.what == Step::kOutputBlocks) {
      e = co_await out_.writable();
    } else {
      moved(Direction::kReceived, step.bytes);
      if (steps % kStepsInARow == 0) co_await net::yield(loop_);
    }
    if (e) co_return;
  }
  if (!ended_) peer_ended();
}

// What is to be sent goes out also where standard output was closed from the start.
bool Relay::outlives_output(Error e) {
  const Outcome failed = output_failed(e);
  if (e != Error(UV_EBADF) || options_.recv_only) return end(failed.status, failed.why), false;
  unwritable_ = failed;
  timer_.wake();
  return true;
}

// An idle input does not keep us; one that has something ready is sent until it would block.
void Relay::peer_ended() {
  peer_ended_ = true;
  tally_.ended_by(Tally::kPeer);
  if (upload_error_) return lost(upload_error_);
  const bool nothing_to_send = input_idle_ && !in_.has_input() && !options_.send_only;
  if (options_.recv_only || input_ended_ || (nothing_to_send && !expects_input()))
    end(net::kOk, "");
  else
    timer_.wake();
}

// As soon as the input is idle.
bool Relay::is_leaving() const {
  return unwritable_.status != net::kOk || (peer_ended_ && !options_.send_only);
}

// In `generate | netcat ...` netcat may be up first, and the generator draws breath now and then.
// Nobody types that fast.
bool Relay::expects_input() const {
  return !in_.is_terminal() && Clock::now() - last_input_ < kInputPause;
}

// A reader that leaves is noticed even while nothing moves.
Task<> Relay::watch_output() {
  Error e = co_await out_.hangup();
  if (!e) end(kBrokenPipe, "");
}

// --- time limits ---

Task<> Relay::watch_time() {
  while (!ended_) {
    Error e = co_await timer_.wait(time_left());
    if (e == Error(UV_ECANCELED) || ended_) co_return;
    note_progress();
    const auto now = Clock::now();
    const bool idle = options_.idle != net::kForever && now - active_ >= options_.idle;
    if (idle && input_ended_ && quit_after() == Millis::zero() && is_delivered())
      end(net::kOk, "");  // -q 0 does not care for more
    else if (idle)
      end(net::kIdle, options_.where() + ": idle for too long (" + options_.idle_option() + ")");
    else if (input_ended_ && quit_after())
      check_quit(now);
    else if (is_leaving() && input_idle_ && !expects_input())
      end(net::kOk, "");
  }
}

// A slow reader is not an idle one: what the kernel has taken at once may be on its way for long.
void Relay::note_progress() {
  const bool own_silence = pace_.waiting() || up_limit_.waiting() || down_limit_.waiting();
  const int before = std::exchange(unacknowledged_, unacknowledged(conn_.fd()));
  if (own_silence || before != unacknowledged_) active_ = Clock::now();
}

// What nobody can see need not be waited for.
std::optional<Millis> Relay::quit_after() const {
  return unwritable_.status != net::kOk ? Millis::zero() : options_.quit_after;
}

// -q 0 is "leave when all is delivered", which only the peer's end of file proves: a close while it
// still sends would reset the connection and lose what it has not read yet.
void Relay::check_quit(Clock::time_point now) {
  const bool delivered = is_delivered();
  if (!delivered) delivered_ = now;
  if (*quit_after() == Millis::zero()) {
    const bool silent = now - active_ >= kSilence || now - delivered_ >= kChatter;
    if (delivered && silent) end(net::kOk, "");
  } else if (now - input_end_ >= *quit_after()) {
    if (delivered) return end(net::kOk, "");
    end(net::kLost, options_.where() + ": not all data acknowledged in time (-q)");
  }
}

Millis Relay::time_left() const {
  const auto now = Clock::now();
  const auto left_of = [now](Clock::time_point start, Millis limit) {
    return std::max(Millis::zero(), std::chrono::ceil<Millis>(start + limit - now));
  };
  Millis left = Millis::max();
  if (options_.idle != net::kForever)
    left = std::min(left_of(active_, options_.idle), std::max(options_.idle / 4, kAckPause));
  if (input_ended_ && quit_after() == Millis::zero())
    left = std::min(left, Millis(50));  // acknowledgements cannot be waited for
  else if (input_ended_ && quit_after())
    left = std::min(left, left_of(input_end_, *quit_after()));
  else if (is_leaving() && expects_input())
    left = std::min(left, left_of(last_input_, kInputPause));
  return left == Millis::max() ? net::kForever : left;
}

// --- delivery ---

// A peer that closed before it had everything answers the rest with a reset: then status 0 would
// lie.
Task<> Relay::confirm_delivery() {
  net::Deadline deadline(options_.idle);
  while (!is_delivered()) {
    const int before = std::exchange(unacknowledged_, unacknowledged(conn_.fd()));
    if (before != unacknowledged_) deadline = net::Deadline(options_.idle);
    if (is_dead(conn_.fd()) && !is_delivered()) {  // not by the last acknowledgement, just now
      outcome_ = {net::kLost, options_.where() + ": " + Error(UV_ECONNRESET).message(), true};
      co_return;
    }
    if (deadline.left() == Millis::zero()) {
      outcome_ = {net::kIdle, options_.where() + ": data not acknowledged in time (" +
                                  options_.idle_option() + ")"};
      co_return;
    }
    Error e = co_await net::sleep(loop_, kAckPause);
    if (e) co_return;
  }
}

}  // namespace

Task<Outcome> relay(Session& session, net::Fd socket) {
  Relay both(session, std::move(socket));
  Outcome outcome = co_await both.run();
  co_return outcome;
}

}  // namespace netcat
