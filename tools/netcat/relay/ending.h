// ending.h - when a connection may end, and with which status: the rules of netcat(1), pure.  It
// opens no descriptor, waits for nothing and has no clock; the relay tells it what has happened and
// asks it what to do.
//
//  1. When the input has ended and all of it was sent, the connection is half-closed; it ends at
//     the peer's end.  Input::kNone never half-closes: the connection ends at the peer's end.
//  2. When the peer has ended and all that came was written out,
//     a. an input that has ended, is a terminal or is none ends the connection;
//     b. a peer that has not sent a byte is a receiver: go on until the input ends;
//     c. otherwise go on until the input has been idle for kInputPause of our running time;
//     d. with `until_input_ends` go on until the input ends.
//     While it goes on, standard output is closed.
//  3. `quit_after` bounds the time from the half-close to the peer's end.
//  4. A failure is never kComplete; one that cuts a file or a pipe short resets the connection.  An
//     idle pipe is cut short by any failure but rule 6.  A failed output or log resets a connection
//     that has sent nothing: the sender must not take its data for delivered.
//  5. When standard output's reader has left, an idle input ends the connection at once; one that
//     flows is sent until it ends or is idle for kInputPause.  What arrives is discarded, and a
//     peer that is still answering has kAnswers to finish: our leaving would reset it, and it would
//     not read the rest of what it was sent.
//  6. `idle` is the longest time in which nothing moves or is acknowledged.  It does not count
//     while we ourselves hold the bytes up.
//  7. kComplete means that the peer's host has acknowledged everything.
#pragma once

#include <algorithm>
#include <optional>

#include "common/net/duration.h"
#include "common/net/result.h"

namespace netcat {

// The terms that the command line and the kind of standard input set.
struct Terms {
  enum class Input { kStream, kTerminal, kNone };  // a file or a pipe; a terminal; no input at all
  Input input = Input::kStream;
  bool half_close = true;
  bool until_input_ends = false;
  std::optional<net::Millis> quit_after;
  net::Millis idle = net::kForever;
};

// How a connection ended.
struct Verdict {
  enum Reason {
    kComplete,
    kOutputGone,      // the reader of standard output has left
    kOutputFailed,    // `error` is the reason
    kInputFailed,     // likewise
    kLost,            // likewise
    kLogFailed,       // --output, --hex-dump
    kUnacknowledged,  // not everything was acknowledged within quit_after
    kIdle,
    kStuck,     // idle, with bytes that were not acknowledged
    kNoClient,  // no client came within -w (-k)
  };
  Reason reason = kComplete;
  net::Error error{};
  bool input_open = false;  // the input had not ended yet
  bool resets = false;      // reset, so that this does not look like an ordinary end
};

class Ending {
 public:
  using Time = net::TimePoint;
  static constexpr net::Millis kInputPause{300};  // a shorter pause does not make an input idle
  static constexpr net::Millis kFirstPause{500};  // the same, before the first byte
  static constexpr net::Millis kAnswers{2'000};

  Ending(const Terms& terms, Time now);

  // --- what has happened ---
  void input_moved(Time now);  // some of it was sent
  // The input has no more data now, or has some again.  Returns true if the ending must be asked
  // again.
  bool input_blocks(bool blocks);
  void input_ended(Time now);  // all of it was sent, and the half-close was made or failed
  void peer_moved(Time now);
  void trickled(Time now) { active_ = now; }  // bytes moved that are not complete data yet
  void peer_ended(Time now);                  // everything received was written out
  void peer_gone() { peer_gone_ = true; }     // it accepts nothing more, but nothing is lost yet
  void send_failed(net::Error e);  // the peer accepts nothing more; its data is still read
  void output_gone(net::Error why, Time now);              // UV_EPIPE: its reader has left
  void failed(Verdict::Reason reason, net::Error e = {});  // nothing more can be done

  // --- what to do ---
  // Called after everything that was ready has been moved.  Returns how the connection ends, or
  // nothing if it continues.  held: we ourselves hold the data up.  undelivered: the number of
  // bytes that the peer's host has not acknowledged; an error: it never will.  began: no limit that
  // expired later ends the connection, because the process may have been stopped since.
  std::optional<Verdict> looked(bool held, net::Result<std::size_t> undelivered, Time began,
                                Time now);
  // The time after which to ask again even if nothing happens.
  net::Millis next_look(Time now) const;
  bool half_close_due() const { return terms_.half_close && has_input(); }
  // True while still sending after the peer's end; nothing more comes for standard output.
  bool goes_on() const { return peer_ended_ && input_open() && !is_over(); }
  // True if the input would be cut short if this process died now.
  bool resets_if_killed() const { return input_open() && terms_.input == Terms::Input::kStream; }

 private:
  bool has_input() const { return terms_.input != Terms::Input::kNone; }
  bool input_open() const { return has_input() && !input_ended_; }
  net::Millis pause() const { return input_has_moved_ ? kInputPause : kFirstPause; }
  bool counts_idleness() const;
  bool is_over() const;
  bool is_idle(Time now) const { return now - std::max(last_input_, input_end_) >= pause(); }
  bool is_being_answered(Time now) const;
  bool is_delivered() const { return undelivered_ && *undelivered_ == 0; }
  std::optional<Verdict> verdict(Time now) const;
  Verdict with(Verdict::Reason reason, net::Error e = {}) const;

  Terms terms_;
  std::optional<Verdict> failed_;
  std::optional<net::Error> output_error_;
  net::Error send_error_;
  bool input_blocks_ = false;
  bool input_has_moved_ = false;
  bool input_ended_ = false;
  bool peer_has_moved_ = false;
  bool peer_ended_ = false;
  bool peer_gone_ = false;
  bool leaves_at_once_ = false;   // the input was idle when standard output's reader left
  bool outlives_output_ = false;  // the input was flowing at that time
  net::Result<std::size_t> undelivered_ = std::size_t{0};
  Time active_;      // when anything last moved or was acknowledged, or we held it up
  Time last_input_;  // or the start
  Time last_peer_;   // or the start
  Time input_end_{};
  Time last_look_{};
  net::Millis idle_for_{0};  // our running time without input, since rule 2c or 5 counts it
};

}  // namespace netcat
