#include "common/net/loop.h"

#include <sys/eventfd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <new>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/net/address.h"
#include "common/net/fd.h"
#include "common/net/fd_limit.h"
#include "common/net/timer.h"
#include "common/net/watch.h"

namespace net {

void detail::require(Error e, const char* what) {
  if (!e) return;
  log::error("cannot make %s: %s", what, e.message());
  std::_Exit(kLocalIo);
}

static void* must(void* memory) {
  if (memory != nullptr) return memory;
  if (const std::new_handler out_of_memory = std::get_new_handler()) out_of_memory();
  return nullptr;
}

// libuv aborts without a message if memory runs out or the kernel refuses to watch one of its
// descriptors, so these handlers log one.
static void make_libuv_talk() {
  static const int replaced = uv_replace_allocator(
      [](std::size_t size) { return must(std::malloc(size)); },
      [](void* old, std::size_t size) { return must(std::realloc(old, size)); },
      [](std::size_t count, std::size_t size) { return must(std::calloc(count, size)); },
      [](void* memory) { std::free(memory); });
  (void)replaced;
  std::signal(SIGABRT, [](int) { log::aborting(); });
}

// Lets another thread end the loop's wait.  Each write is one event, and nothing needs to be read,
// because the event is edge-triggered.
class Loop::Waker final : public detail::WatchTarget {
 public:
  explicit Waker(Loop& loop) : loop_(loop), fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    detail::require(
        fd_ ? loop.watches().add(fd_.get(), EPOLLIN | EPOLLET, this) : Error::from_errno(),
        "an event loop");
  }
  void wake() { (void)eventfd_write(fd_.get(), 1); }

 private:
  void on_events(std::uint32_t) override { loop_.run_posted(); }
  void cancel() override {}

  Loop& loop_;
  Fd fd_;
};

Loop::Loop(Time time) : time_(time) {
  std::signal(SIGPIPE, SIG_IGN);
  make_libuv_talk();
  constexpr std::size_t kNeeds = 4;  // includes its signal pipe: libuv aborts without one
  detail::require(can_open(kNeeds), "an event loop");
  detail::require(Error(uv_loop_init(&loop_)), "an event loop");
  loop_.data = this;
  uv_idle_init(&loop_, &idle_);
  idle_.data = nullptr;  // no task waits on it, so cancel_all() skips it
  timers_ = std::make_unique<detail::TimerQueue>(*this);
  if (is_virtual()) return;
  watches_ = std::make_unique<detail::WatchSet>(*this);
  waker_ = std::make_unique<Waker>(*this);
}

Loop::~Loop() {
  waker_.reset();
  watches_.reset();
  timers_.reset();
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop_) == 0);
}

static Task<> run_main(Task<int> main, int& status) { status = co_await std::move(main); }

int Loop::run(Task<int> main) {
  int status = -1;
  WaitGroup group;
  group.go(run_main(std::move(main), status));
  if (is_virtual())
    run_virtually(group);
  else
    run_really();
  CHECK(group.count() == 0);  // otherwise a task waits for an event that never comes
  return status;
}

TimePoint Loop::now() const {
  return is_virtual() ? virtual_now_ : std::chrono::steady_clock::now();
}

// libuv is one of our descriptors, as its manual describes under uv_backend_fd: it runs when that
// is ready, or when its own timeout has expired.  Arrived data is handled before any timer, because
// after a pause of the process (SIGSTOP, a suspended host) it may have arrived in time.
void Loop::run_really() {
  detail::WatchSet& set = watches();
  (void)set.poll(0);
  uv_run(&loop_, UV_RUN_NOWAIT);  // registers libuv's own descriptors with its epoll set
  for (;;) {
    const bool alive = uv_loop_alive(&loop_) != 0;
    if (!alive && !set.has_waiting()) break;
    const int timeout = alive ? uv_backend_timeout(&loop_) : -1;
    if (set.poll(timeout) || timeout == 0)
      uv_run(&loop_, UV_RUN_NOWAIT);
    else
      uv_update_time(&loop_);
  }
}

void Loop::run_virtually(const WaitGroup& group) {
  while (group.count() > 0) {
    const auto next = timers_->first();
    if (ready_.empty() && !next) return;
    if (ready_.empty()) virtual_now_ = std::max(virtual_now_, *next);
    if (next && *next <= virtual_now_) timers_->fire();
    resume_ready();
  }
}

detail::WatchTarget* Loop::first_watched() { return watches_ ? watches_->targets() : nullptr; }

void Loop::cancel_all() {
  canceled_ = true;
  timers_->cancel_all();
  for (detail::WatchTarget* one = first_watched(); one != nullptr; one = one->next()) one->cancel();
  auto close = [](uv_handle_t* handle, void*) {
    if (handle->data != nullptr) static_cast<detail::SignalState*>(handle->data)->close();
  };
  uv_walk(&loop_, close, nullptr);
}

void Loop::end_input() {
  input_ended_ = true;
  for (detail::WatchTarget* one = first_watched(); one != nullptr; one = one->next())
    one->end_input();
}

bool Loop::end_longest_idle(Millis at_least) {
  auto longest = static_cast<std::uint32_t>(at_least.count()) + 1;
  detail::WatchTarget* found = nullptr;
  for (detail::WatchTarget* one = first_watched(); one != nullptr; one = one->next()) {
    const std::uint32_t idle = one->idle_for();
    if (idle < longest) continue;  // on a tie the oldest wins; it is last in the list
    longest = idle;
    found = one;
  }
  if (found != nullptr) found->end_idle();
  return found != nullptr;
}

void Loop::end_longest_idle(std::set<std::string>& hosts, Millis at_least) {
  std::map<std::string, detail::WatchTarget*> longest;
  for (detail::WatchTarget* one = first_watched(); one != nullptr; one = one->next()) {
    if (one->idle_for() <= static_cast<std::uint32_t>(at_least.count())) continue;
    const std::string host = SockAddr::peer(one->stream_fd()).plain_host();
    if (!hosts.contains(host)) continue;
    detail::WatchTarget*& found = longest[host];
    if (found == nullptr || one->idle_for() >= found->idle_for()) found = one;
  }
  for (const auto& [host, one] : longest) {
    one->end_idle();
    hosts.erase(host);
  }
}

void Loop::resume_later(std::coroutine_handle<> task) {
  ready_.push_back(task);
  if (is_virtual()) return;
  uv_idle_start(&idle_,
                [](uv_idle_t* idle) { static_cast<Loop*>(idle->loop->data)->resume_ready(); });
}

void Loop::resume_ready() {
  if (!is_virtual()) uv_idle_stop(&idle_);
  const std::vector<std::coroutine_handle<>> ready = std::exchange(ready_, {});
  for (std::coroutine_handle<> task : ready) task.resume();
}

void Loop::post(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(call));
  if (posted_.size() == 1) waker_->wake();
}

void Loop::hold() { watches().wait_begins(); }

void Loop::release() { watches().wait_ends(); }

void Loop::run_posted() {
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(posted_);
  }
  for (const auto& call : calls) call();
}

std::span<char> Loop::scratch() {
  if (!scratch_) scratch_ = std::make_unique_for_overwrite<char[]>(kScratchBytes);
  return {scratch_.get(), kScratchBytes};
}

detail::WatchSet& Loop::watches() {
  if (!watches_) watches_ = std::make_unique<detail::WatchSet>(*this);
  return *watches_;
}

namespace detail {

SignalState::SignalState(Loop& loop, int number) {
  require(Error(uv_signal_init(loop.uv(), &signal)), "a signal handler");
  signal.data = this;
  auto on_signal = [](uv_signal_t* s, int) {
    auto* self = static_cast<SignalState*>(s->data);
    ++self->pending;
    self->resume();
  };
  require(Error(uv_signal_start(&signal, on_signal, number)), "a signal handler");
  loop.resume_later(std::noop_coroutine());  // so that libuv runs and starts watching
}

void SignalState::resume() {
  if (waiter) std::exchange(waiter, nullptr).resume();
}

void SignalState::close() {
  if (closing()) return;
  uv_close(handle(), [](uv_handle_t* handle) {
    auto* self = static_cast<SignalState*>(handle->data);
    if (!self->owned) {
      delete self;
      return;
    }
    self->closed = true;
    self->resume();  // may call disown()
  });
}

void SignalState::disown() {
  owned = false;
  if (closed)
    delete this;
  else
    close();
}

}  // namespace detail

}  // namespace net
