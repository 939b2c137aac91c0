#include "tools/clockd/ticker.h"

namespace clockd {

using net::Error;
using net::Millis;

net::Task<> Ticker::run() {
  while (!loop_.canceled()) {
    if (const auto index = schedule_.due(now_())) tick(*index);
    const Millis wait = schedule_.wait(now_());
    // The next tick is already due, but other tasks must run, too.
    if (wait == Millis::zero()) co_await net::yield(loop_);
    if (wait > Millis::zero()) (void)co_await net::sleep(loop_, wait);  // the loop checks
  }
}

// Clients that connected after the boundary but before this call have already been sent this tick's
// time; they keep waiting.
void Ticker::tick(Index index) {
  line_ = format_.line(schedule_.time_of(index));
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
  const bool first = seen_ == kNone;  // the first line comes at once, even while stopping
  ended_ = conn_.closed() || (ticker_.stopped_ && !first);
  if (ended_ || !first) return ended_;
  const Time now = ticker_.now_();
  seen_ = ticker_.schedule_.index_of(now);
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
  unlink();
  waiter_.resume();
}

void Ticker::Next::stream_closed(Error) {
  ticker_.remove(*this);
  ended_ = true;
  ticker_.loop_.resume_later(waiter_);
}

}  // namespace clockd
