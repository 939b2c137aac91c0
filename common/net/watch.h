// watch.h - waits until a descriptor is ready.
//
// uv_poll_t would set O_NONBLOCK on the descriptor, which standard input shares with other
// processes; it cannot watch a descriptor twice, and it cannot wait for a hang-up alone.  So the
// loop has an epoll set of its own, in which libuv's is one of the descriptors.
#pragma once

#include <sys/epoll.h>

#include <array>

#include "common/net/link.h"
#include "common/net/loop.h"

namespace net {

class Watch;

namespace detail {

// An object that waits for a descriptor.  It is in the list of its loop's set while it exists.
struct WatchTarget : Link<WatchTarget> {
  virtual void on_events(std::uint32_t events) = 0;
  // Called by Loop for all targets.  None of these may resume a task directly.
  virtual void cancel() = 0;
  virtual void end_input() {}
  virtual std::uint32_t idle_for() { return 0; }  // in milliseconds; 0: not idle
  virtual void end_idle() {}
  virtual int stream_fd() const { return -1; }

 protected:
  ~WatchTarget() = default;
};

// The loop's epoll set.  epoll reports EPOLLERR and EPOLLHUP without being asked.
class WatchSet {
 public:
  explicit WatchSet(Loop& loop);
  WatchSet(const WatchSet&) = delete;
  WatchSet& operator=(const WatchSet&) = delete;
  ~WatchSet();

  Error add(int fd, std::uint32_t events, WatchTarget* target);  // UV_EPERM: a regular file
  void modify(int fd, std::uint32_t events, WatchTarget* target);
  void remove(int fd, WatchTarget* target);
  void wait_begins() { ++waiting_; }  // keeps the loop running while a task waits
  void wait_ends() { --waiting_; }
  bool has_waiting() const { return waiting_ > 0; }
  WatchTarget*& targets() { return first_; }
  // Waits at most `timeout` milliseconds (-1: no limit) and dispatches the events.  Returns true if
  // a descriptor of libuv's is ready.
  bool poll(int timeout);

 private:
  int epoll_;
  std::size_t waiting_ = 0;
  WatchTarget* first_ = nullptr;
  std::array<epoll_event, 64> events_;
  int fetched_ = 0;  // the number of events_, while they are dispatched
};

}  // namespace detail

// Waits for one descriptor, which it does not own and which must outlive it.  One waiter per
// method.
class Watch final : detail::WatchTarget {
 public:
  Watch(Loop& loop, int fd);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  // False for regular files and the like, which are always ready and never hang up.
  bool pollable() const { return error_ != Error(UV_EPERM); }
  // The reason if the kernel refuses to watch a pollable descriptor; every wait ends with it.
  Error error() const { return pollable() ? error_ : Error(); }
  // Waits until a read (or write) would not block, or for a hang-up; UV_ECANCELED after cancel().
  auto readable() { return Wait{*this, kRead}; }
  auto writable() { return Wait{*this, kWrite}; }
  // Waits until the other side has left: a pipe without readers, a socket reset or closed both
  // ways.
  auto hangup() { return Wait{*this, kHangup}; }
  // Ends all waits.  From then on the descriptor may be closed.
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
