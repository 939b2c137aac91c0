#include "tools/clockd/ticker.h"

#include <algorithm>

namespace clockd {

using net::Error;
using net::Millis;

Time Ticker::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

net::Task<> Ticker::run() {
  constexpr Millis kLook{60'000};  // the wall clock may be set while we sleep
  Index last = index_of(now());
  for (;;) {
    const Time boundary((last + 1) * interval_);
    Error e = co_await net::sleep(loop_, std::clamp(boundary - now(), Millis(0), kLook));
    if (e) co_return;
    const Index index = index_of(now());
    if (index != last) tick(index);
    last = index;
  }
}

// Some of those who wait may have seen this tick's time already: they came after the boundary, and
// before us.
void Ticker::tick(Index index) {
  line_ = format_.line(Time(index * interval_));
  Next* due = nullptr;
  for (Next* wait = std::exchange(first_, nullptr); wait != nullptr;) {
    Next* const following = wait->next_;
    if (wait->seen_ == index) {
      add(*wait);
    } else {
      wait->next_ = due;
      due = wait;
    }
    wait = following;
  }
  while (due != nullptr) {
    Next* const wait = std::exchange(due, due->next_);
    wait->seen_ = index;
    wait->resume(false);
  }
}

void Ticker::stop() {
  stopped_ = true;
  while (first_ != nullptr) {
    Next* const wait = first_;
    remove(*wait);
    wait->resume(true);
  }
}

void Ticker::add(Next& wait) {
  wait.previous_ = nullptr;
  wait.next_ = std::exchange(first_, &wait);
  if (wait.next_ != nullptr) wait.next_->previous_ = &wait;
}

void Ticker::remove(Next& wait) {
  (wait.previous_ != nullptr ? wait.previous_->next_ : first_) = wait.next_;
  if (wait.next_ != nullptr) wait.next_->previous_ = wait.previous_;
}

bool Ticker::Next::await_ready() {
  ended_ = ticker_.stopped_ || conn_.closed();
  if (ended_) return true;
  if (seen_ != kNone) return false;
  const Time now = ticker_.now();
  seen_ = ticker_.index_of(now);
  ticker_.line_ = ticker_.format_.line(now);
  return true;
}

void Ticker::Next::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  ticker_.add(*this);
  conn_.hook(*this);
}

std::string_view Ticker::Next::await_resume() const {
  if (ended_) return {};
  return ticker_.line_;
}

void Ticker::Next::resume(bool ended) {
  ended_ = ended;
  unhook();
  waiter_.resume();
}

void Ticker::Next::stream_closed(Error) {
  ticker_.remove(*this);
  ended_ = true;
  waiter_.resume();
}

}  // namespace clockd
