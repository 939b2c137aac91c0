// task.h - Task<T>, the return type of coroutines, and WaitGroup, which owns tasks that run
// concurrently with the one that started them.  The rules for writing them are in HACKING.md.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "common/net/check.h"

namespace net {

class WaitGroup;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> parent;  // the task that awaits this one, if any
  WaitGroup* group = nullptr;      // the owner, if this task runs in a group

  PromiseBase() = default;
  // Coroutines with rvalue reference parameters do not compile: the referenced object would be gone
  // at the first wait.
  template <typename... Args>
  explicit PromiseBase(Args&&...) {
    static_assert((... && !std::is_rvalue_reference_v<Args&&>), "rvalue reference parameter");
  }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() noexcept { return false; }
    template <typename P>
    void await_suspend(std::coroutine_handle<P> self) noexcept;
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }
};

template <typename T>
struct Promise : PromiseBase {
  using PromiseBase::PromiseBase;
  std::optional<T> value;
  auto get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  template <typename U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  using PromiseBase::PromiseBase;
  auto get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  void return_void() {}
  void take() {}
};

}  // namespace detail

// A call that has not started.  Await it exactly once, or pass it to WaitGroup::go: either runs it
// to its end.  A task that has started is never destroyed before its end, so its locals may be lent
// to what it awaits.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task(Handle handle) : handle_(handle) {}  // NOLINT: get_return_object converts
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  auto operator co_await() && {
    struct Awaiter {
      Handle handle;
      bool await_ready() { return false; }
      // No symmetric transfer: g++ does not make it a tail call at -O0 or under sanitizers, so a
      // loop over tasks that never wait would exhaust the stack.
      bool await_suspend(std::coroutine_handle<> parent) {
        handle.resume();
        if (handle.done()) return false;
        handle.promise().parent = parent;
        return true;
      }
      T await_resume() { return handle.promise().take(); }
    };
    return Awaiter{handle_};
  }

 private:
  friend class WaitGroup;
  Handle handle_;
};

// Counts running tasks, as Go's sync.WaitGroup does, and owns them.  It must be awaited before it
// is destroyed.
class WaitGroup {
 public:
  WaitGroup() = default;
  // Calls `on_end` after each task.
  explicit WaitGroup(std::function<void()> on_end)
      : on_end_(std::make_unique<std::function<void()>>(std::move(on_end))) {}
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;
  ~WaitGroup() { CHECK(count_ == 0); }

  // Runs the task up to its first wait; after that it runs concurrently with the caller.
  void go(Task<> task) {
    auto handle = std::exchange(task.handle_, nullptr);
    handle.promise().group = this;
    ++count_;
    handle.resume();
  }
  std::size_t count() const { return count_; }

  // Waits until at most `limit` tasks are running.  One waiter at a time.
  auto wait(std::size_t limit = 0) {
    struct Awaiter {
      WaitGroup& group;
      std::size_t limit;
      bool await_ready() { return group.count_ <= limit; }
      void await_suspend(std::coroutine_handle<> handle) {
        CHECK(!group.waiter_);
        group.limit_ = limit;
        group.waiter_ = handle;
      }
      void await_resume() {}
    };
    return Awaiter{*this, limit};
  }

 private:
  friend struct detail::PromiseBase;
  void done() {
    if (on_end_) (*on_end_)();
    if (--count_ <= limit_ && waiter_) std::exchange(waiter_, nullptr).resume();
  }
  std::size_t count_ = 0;
  std::size_t limit_ = 0;
  std::coroutine_handle<> waiter_;
  std::unique_ptr<std::function<void()>> on_end_;  // most groups have none
};

template <typename P>
void detail::PromiseBase::Final::await_suspend(std::coroutine_handle<P> self) noexcept {
  PromiseBase& promise = self.promise();
  if (promise.parent) {
    promise.parent.resume();
  } else if (WaitGroup* owner = promise.group) {
    self.destroy();
    owner->done();
  }
}

}  // namespace net
