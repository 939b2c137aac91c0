// watch.h - the readiness of a descriptor, awaited.
//
// uv_poll_t would set O_NONBLOCK on the descriptor, which standard input shares with other
// processes; it watches no descriptor twice, and it cannot wait for a hang-up alone.  So the loop
// has an epoll set of its own, in which libuv's is one of the descriptors.
#pragma once

#include <sys/epoll.h>

#include <array>

#include "common/net/link.h"
#include "common/net/loop.h"

namespace net {

class Watch;

namespace detail {

// A waiter for a descriptor.  In the list of its loop's set as long as it exists.
struct WatchTarget : Link<WatchTarget> {
  virtual void on_events(std::uint32_t events) = 0;
  // What Loop does to all of them.  None of these resumes a task itself.
  virtual void cancel() = 0;
  virtual void end_input() {}
  virtual std::uint32_t idle_for() { return 0; }  // milliseconds; 0: it is not idle
  virtual void end_idle() {}

 protected:
  ~WatchTarget() = default;
};

// The loop's epoll set.  EPOLLERR and EPOLLHUP come unasked.
class WatchSet {
 public:
  explicit WatchSet(Loop& loop);
  WatchSet(const WatchSet&) = delete;
  WatchSet& operator=(const WatchSet&) = delete;
  ~WatchSet();

  Error add(int fd, std::uint32_t events, WatchTarget* target);  // UV_EPERM: a regular file
  void modify(int fd, std::uint32_t events, WatchTarget* target);
  void remove(int fd, WatchTarget* target);
  void wait_begins() { ++waiting_; }  // the loop runs as long as a task waits
  void wait_ends() { --waiting_; }
  bool has_waiting() const { return waiting_ > 0; }
  WatchTarget*& targets() { return first_; }
  // Waits at most so many milliseconds (-1: for ever) and passes on what has happened.  True if
  // libuv's descriptors are ready.
  bool poll(int timeout);

 private:
  int epoll_;
  std::size_t waiting_ = 0;
  WatchTarget* first_ = nullptr;
  std::array<epoll_event, 64> events_;
  int fetched_ = 0;  // of events_, while they are dispatched
};

}  // namespace detail

// Waits on one descriptor, which it does not own and which outlives it.  One waiter a method.
class Watch final : detail::WatchTarget {
 public:
  Watch(Loop& loop, int fd);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  // A regular file and the like are always ready, and never hang up.
  bool pollable() const { return error_ != Error(UV_EPERM); }
  // Why the kernel does not watch a descriptor that can be watched; every wait ends with it.
  Error error() const { return pollable() ? error_ : Error(); }
  // Success when a read (a write) would not block, or at a hang-up; UV_ECANCELED after cancel().
  auto readable() { return Wait{*this, kRead}; }
  auto writable() { return Wait{*this, kWrite}; }
  // Success once the other side has left: no reader of a pipe, a socket reset or closed both ways.
  auto hangup() { return Wait{*this, kHangup}; }
  // The descriptor may be closed from then on.
  void cancel() override;

 private:
  enum Kind { kRead, kWrite, kHangup, kKinds };
  struct Wait {
    Watch& watch;
    Kind kind;
    Error status{};
    bool await_ready();
    void await_suspend(std::coroutine_handle<> handle);
    Error await_resume() const { return status; }
    std::coroutine_handle<> waiter{};
  };

  void on_events(std::uint32_t events) override;
  Error arm(std::uint32_t events);
  Wait* take(Kind kind);

  Loop& loop_;
  int fd_;
  Error error_;
  bool registered_ = false;
  bool canceled_ = false;
  std::uint32_t armed_ = 0;
  std::array<Wait*, kKinds> waits_{};
};

}  // namespace net
