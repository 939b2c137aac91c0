// ending.h - when netcat -u exits, and why.  Pure: no I/O, and no clock but the times it is given.
//
// The rules, as in netcat(1), Datagrams:
//   1. The end of input is a reason to exit, except with -k, with -q -1, and for a listener that
//      never had any input (its standard input is /dev/null, say).
//   2. Then: with --send-only or -w 0, exit once everything is sent; with -q T, T later; otherwise
//      after 1 s, or the idle limit if there is one, without a datagram.  Status 0.
//   3. Until then the idle limit applies (status 9), and to a listener that has not received its
//      first datagram -w (status 5).
//   4. Time during which standard output blocks, or -i or --rate holds the input back, does not
//      count.
//   5. When a limit expires, what has arrived meanwhile is delivered first: the process may have
//      been stopped.  Only a look that begins after the limit lets it take effect.
#pragma once

#include <chrono>
#include <optional>

#include "tools/netcat/options.h"

namespace netcat {

class DatagramEnding {
 public:
  using Time = net::TimePoint;
  static constexpr Time kNever = Time::max();
  enum Verdict { kStay, kLook, kComplete, kTimedOut, kIdle };

  DatagramEnding(const Options& options, Time now) : options_(options), active_(now) {}

  void moved(Time now) { active_ = now; }  // a datagram was sent, received or written
  void heard() { heard_ = true; }          // a datagram that counts was received
  void input_moved() { input_seen_ = true; }
  void input_ended(Time now) { input_end_ = now; }
  void output_blocked(bool on, Time now);
  void input_held(bool on, Time now);
  void looked(Time began) { looked_ = began; }  // and delivered everything that had arrived
  void restarted(Time now);                     // everything was sent again to another address

  Time next_look() const { return limit().end; }  // kNever: no limit applies
  Verdict verdict(Time now) const;

 private:
  struct Limit {
    Time end = kNever;
    Verdict verdict = kStay;
  };
  Limit limit() const;
  bool leaves() const;

  const Options& options_;
  Time active_;
  std::optional<Time> input_end_;
  Time looked_ = Time::min();
  bool heard_ = false;
  bool input_seen_ = false;
  bool output_blocked_ = false;
  bool input_held_ = false;
};

}  // namespace netcat
