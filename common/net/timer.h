// timer.h - waiting for time to pass.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "common/net/loop.h"

namespace net {

// The common deadline of several waits.
class Deadline {
 public:
  explicit Deadline(Millis total)
      : end_(total == kForever ? Clock::time_point::max() : Clock::now() + total) {}
  Millis left() const {  // kForever if there is no deadline; never negative
    if (end_ == Clock::time_point::max()) return kForever;
    return std::max(Millis::zero(), std::chrono::ceil<Millis>(end_ - Clock::now()));
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point end_;
};

namespace detail {

struct TimerTarget {
  virtual void on_time() = 0;
  virtual void on_cancel() {}  // called by Loop::cancel_all()
  bool timed() const { return place_ != kNone; }

 protected:
  ~TimerTarget() = default;

 private:
  friend class TimerQueue;
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::uint32_t place_ = kNone;  // its index in the queue
};

// All timed waits of a loop, on one uv_timer_t: a wait needs no handle that has to be closed, and
// waits that end at the same time end in the order in which they began.  A binary heap, because its
// entries take less memory than the nodes of a tree.
class TimerQueue {
 public:
  explicit TimerQueue(Loop& loop);
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  // Never fires early; a wait of kForever ends only by cancel_all().  A target has one wait at a
  // time.
  void add(Millis delay, TimerTarget* target);
  void remove(TimerTarget* target);
  std::uint64_t due(const TimerTarget* target) const { return queue_[target->place_].due; }
  void cancel_all();
  std::optional<TimePoint> first() const;  // when the next wait expires, if one does
  void fire();                             // ends the waits that are due

 private:
  struct Wait {
    std::uint64_t due;     // in the loop's milliseconds
    std::uint64_t number;  // the number of waits that began earlier
    TimerTarget* target;
    bool operator<(const Wait& other) const {
      return due != other.due ? due < other.due : number < other.number;
    }
  };

  std::uint64_t now() const;
  void arm();
  void erase(std::size_t place);
  void put(const Wait& wait, std::size_t place);  // sifts up or down from `place`
  static void on_due(uv_timer_t* timer);

  Loop& loop_;
  uv_timer_t* timer_;
  static constexpr std::uint64_t kNever = UINT64_MAX;
  std::uint64_t armed_for_ = kNever;
  std::uint64_t begun_ = 0;
  std::vector<Wait> queue_;  // the children of i are at 2 i + 1 and 2 i + 2
};

}  // namespace detail

// A wait that another task can end.  One waiter.
class Timer final : detail::TimerTarget {
 public:
  explicit Timer(Loop& loop) : loop_(loop) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { CHECK(!waiter_); }

  // Waits: success when `time` has passed, UV_EINTR when woken, UV_ECANCELED.  With kForever it
  // waits until it is woken.
  auto wait(Millis time) {
    struct Wait {
      Timer& timer;
      Millis time;
      bool await_ready() { return timer.ready(); }
      void await_suspend(std::coroutine_handle<> waiter) { timer.start(time, waiter); }
      Error await_resume() const { return timer.status_; }
    };
    return Wait{*this, time};
  }
  // Ends the current wait or, if there is none, the next one.
  void wake();

 private:
  void on_time() override;
  void on_cancel() override { end(UV_ECANCELED); }
  bool ready();
  void start(Millis time, std::coroutine_handle<> waiter);
  void end(Error why);

  Loop& loop_;
  std::coroutine_handle<> waiter_;
  bool woken_ = false;
  Error status_;
};

namespace detail {

struct Sleep final : TimerTarget {
  Sleep(Loop& on, Millis time) : loop(on), delay(time) {}
  Loop& loop;
  Millis delay;
  bool canceled = false;
  std::coroutine_handle<> waiter;

  bool await_ready() {
    canceled = loop.canceled();
    return canceled || delay == Millis::zero();
  }
  void await_suspend(std::coroutine_handle<> task) {
    waiter = task;
    loop.timers().add(delay, this);
  }
  Error await_resume() const { return canceled ? Error(UV_ECANCELED) : Error(); }
  void on_time() override { waiter.resume(); }
  void on_cancel() override;
};

}  // namespace detail

// Waits for at least `delay`; UV_ECANCELED if the loop is cancelled first.
inline auto sleep(Loop& loop, Millis delay) { return detail::Sleep(loop, delay); }

}  // namespace net
