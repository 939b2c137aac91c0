// turn.h - one task at a time: access to standard output for several sockets.
#pragma once

#include <coroutine>
#include <deque>
#include <utility>

#include "common/net/loop.h"

namespace netcat {

// Lets one task at a time through, in the order of arrival.
class Turn {
 public:
  explicit Turn(net::Loop& loop) : loop_(loop) {}
  auto take() {
    struct Awaiter {
      Turn& turn;
      bool await_ready() { return !std::exchange(turn.taken_, true); }
      void await_suspend(std::coroutine_handle<> task) { turn.waiting_.push_back(task); }
      void await_resume() {}
    };
    return Awaiter{*this};
  }
  void give() {
    if (waiting_.empty()) {
      taken_ = false;
    } else {
      loop_.resume_later(waiting_.front());
      waiting_.pop_front();
    }
  }

 private:
  net::Loop& loop_;
  bool taken_ = false;
  std::deque<std::coroutine_handle<>> waiting_;
};

}  // namespace netcat
