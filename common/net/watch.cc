#include "common/net/watch.h"

#include <unistd.h>

#include <algorithm>

namespace net {

namespace detail {

// Marks a fetched event whose target has been removed.  (A null target stands for libuv.)
static char removed;
static constexpr void* kRemoved = &removed;

WatchSet::WatchSet(Loop& loop) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  require(epoll_ >= 0 ? Error() : Error::from_errno(), "an epoll set");
  require(add(uv_backend_fd(loop.uv()), EPOLLIN, nullptr), "an epoll set");
}

WatchSet::~WatchSet() {
  CHECK(first_ == nullptr);
  ::close(epoll_);
}

Error WatchSet::add(int fd, std::uint32_t events, WatchTarget* target) {
  epoll_event event{.events = events, .data = {.ptr = target}};
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0 ? Error() : Error::from_errno();
}

void WatchSet::modify(int fd, std::uint32_t events, WatchTarget* target) {
  epoll_event event{.events = events, .data = {.ptr = target}};
  CHECK(epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void WatchSet::remove(int fd, WatchTarget* target) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = 0; i < fetched_; ++i) {
    epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == target) event.data.ptr = kRemoved;
  }
}

bool WatchSet::poll(int timeout) {
  constexpr int kTurns = 16;  // then timers and signals have their turn
  bool libuv_ready = false;
  for (int turn = 0; turn < kTurns; ++turn) {
    fetched_ = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout);
    for (int i = 0; i < fetched_; ++i) {
      const epoll_event event = events_[static_cast<std::size_t>(i)];
      if (event.data.ptr == kRemoved) continue;
      if (event.data.ptr == nullptr)
        libuv_ready = true;
      else
        static_cast<WatchTarget*>(event.data.ptr)->on_events(event.events);
    }
    const bool more = fetched_ == static_cast<int>(events_.size());
    fetched_ = 0;
    if (!more) break;
    timeout = 0;
  }
  return libuv_ready;
}

}  // namespace detail

Watch::Watch(Loop& loop, int fd) : loop_(loop), fd_(fd) {
  detail::WatchSet& set = loop_.watches();
  link(set.targets());
  error_ = set.add(fd_, 0, this);
  registered_ = !error_;
}

Watch::~Watch() {
  CHECK(std::ranges::all_of(waits_, [](const Wait* wait) { return wait == nullptr; }));
  unlink();
  if (registered_) loop_.watches().remove(fd_, this);
}

Watch::Wait* Watch::take(Kind kind) {
  Wait* wait = std::exchange(waits_[kind], nullptr);
  if (wait != nullptr) loop_.watches().wait_ends();
  return wait;
}

void Watch::cancel() {
  canceled_ = true;
  if (registered_) loop_.watches().remove(fd_, this);
  registered_ = false;
  for (Kind kind : {kRead, kWrite, kHangup}) {
    if (Wait* wait = take(kind)) {
      wait->status = UV_ECANCELED;
      loop_.resume_later(wait->waiter);
    }
  }
}

static constexpr std::uint32_t kIn = EPOLLIN;
static constexpr std::uint32_t kOut = EPOLLOUT;

Error Watch::arm(std::uint32_t events) {
  if (registered_ && (armed_ & events) == events) return {};
  detail::WatchSet& set = loop_.watches();
  armed_ |= events;
  if (registered_) {
    set.modify(fd_, armed_, this);
  } else {
    const Error e = set.add(fd_, armed_, this);
    if (e) return e;
    registered_ = true;
  }
  return {};
}

// An event that no task waits for any more is unregistered only when it fires, because tasks
// usually wait for the same event again.
void Watch::on_events(std::uint32_t events) {
  constexpr std::uint32_t kGone = EPOLLERR | EPOLLHUP;
  const bool gone = (events & kGone) != 0;
  Wait* reader = gone || (events & kIn) != 0 ? take(kRead) : nullptr;
  Wait* writer = gone || (events & kOut) != 0 ? take(kWrite) : nullptr;
  Wait* hangup = gone ? take(kHangup) : nullptr;
  if (reader == nullptr && writer == nullptr && hangup == nullptr) {
    detail::WatchSet& set = loop_.watches();
    armed_ = gone ? 0 : armed_ & ~events;
    if (gone) {
      set.remove(fd_, this);
      registered_ = false;
    } else {
      set.modify(fd_, armed_, this);
    }
    return;
  }
  // Resuming the last of them may destroy this watch, but none destroys another's frame.
  if (reader != nullptr) reader->waiter.resume();
  if (writer != nullptr) writer->waiter.resume();
  if (hangup != nullptr) hangup->waiter.resume();
}

bool Watch::Wait::await_ready() {
  const bool canceled = watch.canceled_ || watch.loop_.canceled();
  if (!canceled && !watch.error() && (watch.pollable() || kind == kHangup)) return false;
  status = canceled ? Error(UV_ECANCELED) : watch.error();
  return true;
}

void Watch::Wait::await_suspend(std::coroutine_handle<> handle) {
  CHECK(watch.waits_[kind] == nullptr);
  watch.waits_[kind] = this;
  waiter = handle;
  watch.loop_.watches().wait_begins();
  if (!watch.pollable()) return;
  const Error e = watch.arm(kind == kRead ? kIn : kind == kWrite ? kOut : 0);
  if (!e) return;
  status = e;
  watch.loop_.resume_later(watch.take(kind)->waiter);
}

}  // namespace net
