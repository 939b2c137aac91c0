#include "common/net/timer.h"

namespace net {

namespace detail {

TimerQueue::TimerQueue(Loop& loop) : loop_(loop), timer_(new uv_timer_t) {
  uv_timer_init(loop.uv(), timer_);
  timer_->data = nullptr;  // Loop::cancel_all() skips it
}

TimerQueue::~TimerQueue() {
  CHECK(queue_.empty());
  uv_close(reinterpret_cast<uv_handle_t*>(timer_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
}

std::uint64_t TimerQueue::now() const {
  if (!loop_.is_virtual()) return uv_now(timer_->loop);
  const auto now = std::chrono::floor<Millis>(loop_.now().time_since_epoch());
  return static_cast<std::uint64_t>(now.count());
}

std::optional<TimePoint> TimerQueue::first() const {
  if (queue_.empty() || queue_.front().due == kNever) return {};
  return TimePoint(Millis(queue_.front().due));
}

// libuv's clock stands still between polls and counts whole milliseconds: without the update a wait
// would be too short by the time since the last poll, and without the 1 by a fraction of a
// millisecond.
void TimerQueue::add(Millis delay, TimerTarget* target) {
  CHECK(!target->timed());
  uv_update_time(timer_->loop);
  const std::uint64_t due =
      delay == kForever ? kNever : now() + static_cast<std::uint64_t>(delay.count()) + 1;
  queue_.emplace_back();
  put({due, begun_++, target}, queue_.size() - 1);
  arm();
}

void TimerQueue::remove(TimerTarget* target) {
  erase(target->place_);
  arm();
}

void TimerQueue::erase(std::size_t place) {
  queue_[place].target->place_ = TimerTarget::kNone;
  const Wait last = queue_.back();
  queue_.pop_back();
  if (place < queue_.size()) put(last, place);
}

void TimerQueue::put(const Wait& wait, std::size_t place) {
  const auto move = [this](const Wait& from, std::size_t to) {
    queue_[to] = from;
    from.target->place_ = static_cast<std::uint32_t>(to);
  };
  for (std::size_t up; place > 0 && wait < queue_[up = (place - 1) / 2]; place = up)
    move(queue_[up], place);
  for (std::size_t down; (down = 2 * place + 1) < queue_.size(); place = down) {
    if (down + 1 < queue_.size() && queue_[down + 1] < queue_[down]) ++down;
    if (!(queue_[down] < wait)) break;
    move(queue_[down], place);
  }
  move(wait, place);
}

// If the first wait is removed, the uv_timer_t is left to fire early: most waits are moved again
// and again and never expire, so to move it each time would cost more.
void TimerQueue::arm() {
  if (loop_.is_virtual()) return;
  if (queue_.empty() || queue_.front().due == kNever) {
    uv_timer_stop(timer_);
    armed_for_ = kNever;
  } else if (const std::uint64_t due = queue_.front().due; due < armed_for_) {
    // Not 0: libuv 1.44 runs timers until none is due, and meanwhile polls no descriptor.
    uv_timer_start(timer_, on_due, due > now() ? due - now() : 1, 0);
    armed_for_ = due;
  }
}

void TimerQueue::on_due(uv_timer_t* timer) {
  static_cast<Loop*>(timer->loop->data)->timers().fire();
}

void TimerQueue::fire() {
  armed_for_ = 0;                     // so that add() does not arm the timer
  const std::uint64_t until = now();  // waits added meanwhile fire next time
  while (!queue_.empty() && queue_.front().due <= until) {
    TimerTarget* const target = queue_.front().target;
    erase(0);
    target->on_time();
  }
  armed_for_ = kNever;
  arm();
}

void TimerQueue::cancel_all() {
  std::vector<TimerTarget*> targets;
  for (const Wait& wait : queue_) targets.push_back(wait.target);
  for (TimerTarget* target : targets) target->on_cancel();  // must not resume a task
}

void Sleep::on_cancel() {
  loop.timers().remove(this);
  canceled = true;
  loop.resume_later(waiter);
}

}  // namespace detail

bool Timer::ready() {
  if (!loop_.canceled() && !woken_) return false;
  status_ = loop_.canceled() ? UV_ECANCELED : UV_EINTR;
  woken_ = false;
  return true;
}

void Timer::start(Millis time, std::coroutine_handle<> waiter) {
  CHECK(!waiter_);
  waiter_ = waiter;
  loop_.timers().add(time, this);
}

void Timer::on_time() {
  status_ = Error();
  std::exchange(waiter_, nullptr).resume();
}

void Timer::end(Error why) {
  loop_.timers().remove(this);
  status_ = why;
  loop_.resume_later(std::exchange(waiter_, nullptr));
}

void Timer::wake() {
  if (waiter_)
    end(UV_EINTR);
  else
    woken_ = true;
}

}  // namespace net
