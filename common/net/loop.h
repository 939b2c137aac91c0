// loop.h - the event loop, and signals.
#pragma once

#include <uv.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/net/duration.h"
#include "common/net/result.h"
#include "common/net/task.h"

namespace net {

namespace detail {
// If `e` is an error, logs that the kernel refuses `what` and ends the process: no loop can run
// without it.
void require(Error e, const char* what);

class TimerQueue;
class WatchSet;
struct WatchTarget;
}  // namespace detail

// Counts the bytes of one loop's streams; its thread writes the counts, any thread reads them.
struct Traffic {
  std::atomic<std::uint64_t> in{0};
  std::atomic<std::uint64_t> out{0};
  static void add(std::atomic<std::uint64_t>& sum, std::size_t n) {  // one writer: no atomic add
    sum.store(sum.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

// The event loop.  It must outlive everything that runs on it.  Only post() may be called from
// other threads.
class Loop {
 public:
  static constexpr std::size_t kScratchBytes = std::size_t{64} << 10;

  // Virtual time, for simulations: whenever no task can continue, the clock jumps to the next
  // timer; descriptors are not watched.
  enum class Time { kReal, kVirtual };

  explicit Loop(Time time = Time::kReal);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Runs `main` and every task it starts until all have ended; returns the result of `main`.
  int run(Task<int> main);
  // The one clock for everything that runs on the loop.
  TimePoint now() const;
  bool is_virtual() const { return time_ == Time::kVirtual; }
  // Advances virtual time without running anything, as if the process had been stopped.
  void skip(Millis time) { virtual_now_ += time; }

  // Ends every wait, now and later, with UV_ECANCELED; closes every stream.
  void cancel_all();
  bool canceled() const { return canceled_; }
  // Ends the input of every stream: what has arrived is still read, then end of file.
  void end_input();
  bool input_ended() const { return input_ended_; }
  // Ends the wait of the stream that has been idle longest, as its timeout would.  False if no
  // stream has been idle for `at_least`.
  bool end_longest_idle(Millis at_least);
  // The same for the clients of each of these hosts; one that has been found is removed.
  void end_longest_idle(std::set<std::string>& hosts, Millis at_least);

  // Resumes a suspended task from the loop itself, not from inside the caller.
  void resume_later(std::coroutine_handle<> task);
  // Runs `call` on the loop's thread.  The only function that other threads may call.
  void post(std::function<void()> call);
  // Keeps the loop running until release(), for a task that only another thread's post() resumes.
  void hold();
  void release();

  // A read buffer that all streams share; its content is valid until the reading task next waits.
  std::span<char> scratch();
  detail::TimerQueue& timers() { return *timers_; }
  detail::WatchSet& watches();
  Traffic& traffic() { return traffic_; }
  uv_loop_t* uv() { return &loop_; }

 private:
  void run_really();
  void run_virtually(const WaitGroup& group);
  detail::WatchTarget* first_watched();
  void resume_ready();
  void run_posted();

  class Waker;

  Time time_;
  TimePoint virtual_now_{};
  uv_loop_t loop_;
  uv_idle_t idle_;
  std::vector<std::coroutine_handle<>> ready_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
  std::unique_ptr<char[]> scratch_;
  std::unique_ptr<detail::TimerQueue> timers_;
  std::unique_ptr<detail::WatchSet> watches_;
  std::unique_ptr<Waker> waker_;
  Traffic traffic_;
  bool canceled_ = false;
  bool input_ended_ = false;
};

namespace detail {

// Allocated separately, because libuv needs it until the close callback has run, even if the owner
// has been destroyed.  The `data` of every handle that tasks wait on points to one of these.
struct SignalState {
  SignalState(Loop& loop, int number);
  bool closing() { return uv_is_closing(handle()) != 0; }
  void close();
  void disown();  // the owner's last call: closes, and frees the memory after the close callback
  void resume();
  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&signal); }

  uv_signal_t signal;
  std::coroutine_handle<> waiter;
  int pending = 0;
  bool owned = true;
  bool closed = false;
};

}  // namespace detail

// Suspends the task until all other ready tasks have run.
inline auto yield(Loop& loop) {
  struct Awaiter {
    Loop& loop;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> task) { loop.resume_later(task); }
    void await_resume() const {}
  };
  return Awaiter{loop};
}

// Catches a signal while it exists; the destructor restores the default action.
class Signal {
 public:
  Signal(Loop& loop, int number) : state_(new detail::SignalState(loop, number)) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() { state_->disown(); }

  // Waits for the next signal; one that arrived since the last wait counts.  One waiter at a time.
  auto wait() {
    struct Awaiter {
      detail::SignalState* state;
      bool await_ready() const { return state->pending > 0 || state->closing(); }
      void await_suspend(std::coroutine_handle<> handle) { state->waiter = handle; }
      Error await_resume() {
        if (state->pending == 0) return UV_ECANCELED;
        --state->pending;
        return Error();
      }
    };
    return Awaiter{state_};
  }
  void close() { state_->close(); }

 private:
  detail::SignalState* state_;
};

}  // namespace net
