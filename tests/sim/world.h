// world.h - the simulated surroundings of netcat's core: a peer behind a network, and programs
// behind standard input and output, in virtual time and generated from one seed.
//
// This code does not contain the rules for the end of a connection: judge() checks the history
// afterwards.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/timer.h"
#include "tools/netcat/channel/channel.h"

namespace sim {

using Ms = std::int64_t;                 // milliseconds since the start of the run
inline constexpr Ms kHorizon = 400'000;  // the time at which a run that has not ended is cut off
inline constexpr Ms kNever = std::numeric_limits<Ms>::max() / 4;

// Generates the same numbers on every host (splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::size_t below(std::uint64_t n) { return n == 0 ? 0 : static_cast<std::size_t>(next() % n); }
  Ms between(Ms least, Ms most) {
    return least + static_cast<Ms>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  std::size_t size(std::size_t most);  // small sizes are more likely

 private:
  std::uint64_t state_;
};

// The total number of bytes at a point in time.
struct Mark {
  Ms at;
  std::size_t total;
};
std::size_t total_at(const std::vector<Mark>& marks, Ms now);

// Where bytes come from.
struct Source {
  std::string content;
  std::vector<Mark> arrivals;
  Ms end_at = kNever;  // when the input ends, or fails with `error`
  int error = 0;
  std::size_t taken = 0;
  bool end_seen = false;

  std::size_t available(Ms now) const { return std::max(total_at(arrivals, now), taken) - taken; }
  bool ready(Ms now) const { return available(now) > 0 || now >= end_at; }
  bool all_taken() const { return arrivals.empty() || taken == arrivals.back().total; }
  Ms next_change(Ms now) const;
};

// Where bytes go: `room` is how many the reader has taken by when, or would take.
struct Sink {
  std::vector<Mark> room;
  std::size_t buffer = 1;
  std::string received;
};

struct Event {
  Ms at;
  const char* what;
  int who;
  std::int64_t a;
  std::int64_t b;
};

class Simulated;

// What the channels of one run share.
class World {
 public:
  World(net::Loop& loop, std::uint64_t seed);

  Ms now() const;
  net::Loop& loop() { return loop_; }
  Random& random() { return random_; }
  void add(const char* what, int who, std::int64_t a = 0, std::int64_t b = 0);
  // Records a call that moved nothing; too many at the same time are a busy loop.
  void idle_call();
  // Stops the process at random, as if while it waited.
  void maybe_stop();
  // Skips `time`; like the real loop, checks every descriptor before it ends expired waits.
  void stop(Ms time);
  [[noreturn]] void finding(const std::string& what) const;
  void print() const;

  std::uint64_t seed;
  std::vector<Event> events;
  std::vector<std::pair<Ms, Ms>> stops;  // from, to
  unsigned stops_left = 0;
  std::vector<Simulated*> channels;
  bool odd_wakeups = false;  // spurious EAGAIN, short reads and writes
  std::size_t in_flight = 0;

 private:
  net::Loop& loop_;
  Random random_;
  net::TimePoint start_;
  Ms idle_at_ = -1;
  unsigned idle_calls_ = 0;
};

// A channel whose waits end at the times that its virtual functions compute.
class Simulated : public netcat::Channel {
 public:
  Simulated(World& world, int who)
      : world_(world), who_(who), read_(world.loop()), write_(world.loop()), hangup_(world.loop()) {
    world.channels.push_back(this);
  }
  ~Simulated() override { std::erase(world_.channels, this); }
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override;
  net::Task<net::Error> hangup() override;
  void cancel() override;
  void changed();  // wakes all waits

 protected:
  // Each returns the next time, after now, at which its state may change.
  virtual Ms next_input() const = 0;
  virtual bool takes_output() const = 0;
  virtual Ms next_output() const = 0;
  virtual Ms hangup_at() const = 0;
  virtual net::Error hangup_reason() const = 0;
  net::Result<std::size_t> take(Source& from, std::span<char> buffer);
  // Waits until there may be input, or for changed().
  net::Task<net::Error> wait_for_input();
  net::Millis until(Ms then) const;

  World& world_;
  int who_;
  bool canceled_ = false;

 private:
  net::Timer read_;
  net::Timer write_;
  net::Timer hangup_;
};

// Standard input and output.
class Local final : public Simulated {
 public:
  explicit Local(World& world) : Simulated(world, 0) {}
  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;
  bool has_input() override { return in.ready(world_.now()); }
  void stop_reading() override { world_.add("stops reading", who_); }

  Source in;
  Sink out;
  Ms gone_at = kHorizon;           // when the reader of standard output leaves
  bool gone_is_noticed = true;     // false for a named pipe
  std::size_t full_at = SIZE_MAX;  // bytes
  bool closed = false;             // standard output is closed from the start
  Ms finished_at = kNever;
  Ms last_read = 0;
  Ms last_written = 0;
  net::Task<net::Error> change() { return wait_for_input(); }
  const bool* guarded = nullptr;  // must be true while there is input: a kill would reset
  bool takes_output() const override;

 private:
  Ms next_input() const override { return in.next_change(world_.now()); }
  Ms next_output() const override;
  Ms hangup_at() const override {
    return finished_at < kNever ? kNever : gone_is_noticed ? gone_at : kHorizon;
  }
  net::Error hangup_reason() const override { return net::Error(UV_EPIPE); }
};

// A connection and the peer at its other end.
class Remote final : public Simulated {
 public:
  Remote(World& world, int who) : Simulated(world, who) {}
  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;
  bool has_input() override { return in.ready(world_.now()) || world_.now() >= reset_at; }
  void reset_on_close(bool on) override { resets = on; }
  net::Result<std::size_t> undelivered() override;
  void probe_peer() override;

  Source in;
  Sink out;
  Ms lag = 0;                 // delay of an acknowledgement
  Ms dead_at = kNever;        // from this time on nothing is acknowledged
  Ms reset_at = kNever;       // at the latest at the end of the run
  bool closes_fully = false;  // at the end of `in`; later data is answered with a reset
  // What the peer does after our half-close.
  bool answers = false;
  std::string answer;
  Ms answers_after = 0;
  bool ends_after_answer = true;
  bool finish_blocks = false;  // the first finish() returns UV_EAGAIN

  // Called when the peer has seen the end of our input: makes it answer, if `answers` is set.
  void see_end();
  std::size_t acknowledged() const;
  bool resets = false;
  bool probed = false;
  bool watched = false;  // hangup() returns at a reset even before probe_peer()
  Ms finished_at = kNever;
  int finishes = 0;
  Ms last_moved = 0;
  Ms end_seen_at = kNever;
  Ms refused_at = kNever;  // when the peer refused data
  bool takes_output() const override;

 private:
  Ms next_input() const override { return std::min(in.next_change(world_.now()), reset_at); }
  Ms next_output() const override;
  Ms hangup_at() const override {
    return probed || watched ? std::min(reset_at, keepalive_at_) : kNever;
  }
  net::Error hangup_reason() const override;

  std::vector<Mark> sends_;
  Ms keepalive_at_ = kNever;
};

}  // namespace sim
