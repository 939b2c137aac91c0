// timer.h - waiting for time to pass.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "common/net/loop.h"

namespace net {

// The end of a wait that has several parts.
class Deadline {
 public:
  explicit Deadline(Millis total)
      : end_(total == kForever ? Clock::time_point::max() : Clock::now() + total) {}
  Millis left() const {  // kForever where there is no end; never negative otherwise
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
  virtual void on_cancel() {}  // of all: Loop::cancel_all()
  bool timed() const { return place_ != kNone; }

 protected:
  ~TimerTarget() = default;

 private:
  friend class TimerQueue;
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::uint32_t place_ = kNone;  // in the queue
};

// All the times that a loop waits for, on one uv_timer_t: a wait needs no handle to be closed, and
// those that end at the same time end in the order in which they began.  A binary heap, whose
// entries take less memory than the nodes of a tree.
class TimerQueue {
 public:
  explicit TimerQueue(Loop& loop);
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  // Never fires early; kForever only waits for cancel_all().  A target has one wait at a time.
  void add(Millis delay, TimerTarget* target);
  void remove(TimerTarget* target);
  std::uint64_t due(const TimerTarget* target) const { return queue_[target->place_].due; }
  void cancel_all();
  std::optional<TimePoint> first() const;  // when the next wait ends, if any does by itself
  void fire();                             // ends the waits that are due

 private:
  struct Wait {
    std::uint64_t due;     // in the loop's milliseconds
    std::uint64_t number;  // of waits that began before
    TimerTarget* target;
    bool operator<(const Wait& other) const {
      return due != other.due ? due < other.due : number < other.number;
    }
  };

  std::uint64_t now() const;
  void arm();
  void erase(std::size_t place);
  void put(const Wait& wait, std::size_t place);  // there, or where the order requires it
  static void on_due(uv_timer_t* timer);

  Loop& loop_;
  uv_timer_t* timer_;
  static constexpr std::uint64_t kNever = UINT64_MAX;
  std::uint64_t armed_for_ = kNever;
  std::uint64_t begun_ = 0;
  std::vector<Wait> queue_;  // a parent at i, its children at 2 i + 1 and 2 i + 2
};

}  // namespace detail

// A wait that another task can end.  One waiter.
class Timer final : detail::TimerTarget {
 public:
  explicit Timer(Loop& loop) : loop_(loop) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { CHECK(!waiter_); }

  // Success when `time` has passed, UV_EINTR when woken, UV_ECANCELED; kForever waits to be woken.
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
  // Ends the wait under way, or else the next one.
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

// Waits for `delay`, never less; UV_ECANCELED if the loop is cancelled before.
inline auto sleep(Loop& loop, Millis delay) { return detail::Sleep(loop, delay); }

}  // namespace net
