#include "common/net/stream.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "common/net/address.h"

namespace net {

void CloseHook::hook(CloseHook*& list) {
  next_ = list;
  link_ = &list;
  if (next_ != nullptr) next_->link_ = &next_;
  list = this;
}

void CloseHook::unhook() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  link_ = nullptr;
}

namespace detail {

static StreamState* state_of(uv_handle_t* handle) {
  return static_cast<StreamState*>(static_cast<Cancelable*>(handle->data));
}

StreamState::StreamState(Loop& on, Fd socket) {
  int family = AF_INET;
  socklen_t size = sizeof family;
  getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
  if (family == AF_UNIX) {
    uv_pipe_init(on.uv(), &pipe, 0);
    CHECK(uv_pipe_open(&pipe, socket.release()) == 0);
  } else {
    uv_tcp_init(on.uv(), &tcp);
    CHECK(uv_tcp_open(&tcp, socket.release()) == 0);
  }
  base.data = static_cast<Cancelable*>(this);
}

// --- closing ---

void StreamState::on_close() {
  if (watched) {
    uv_os_fd_t fd = -1;
    if (uv_fileno(&base, &fd) == 0) loop().watches().remove(fd, this);
  }
  if (timed) loop().timers().remove(timer);
  timed = false;
}

void StreamState::close_for(int reason) {
  if (closing()) return;
  close_reason = reason;
  close();
}

void StreamState::resume_waiters() {
  const int reason = close_reason;  // this is destroyed with its last waiter
  ReadWait* const waiting = std::exchange(reader, nullptr);
  CloseHook* told = nullptr;
  while (hooks != nullptr) {
    CloseHook* const next = hooks;
    next->unhook();
    next->hook(told);
  }
  while (told != nullptr) {
    CloseHook* const next = told;
    next->unhook();
    next->stream_closed(reason);
  }
  if (waiting == nullptr) return;
  waiting->status = reason;
  waiting->waiter.resume();
}

// --- time: one timer for both deadlines, late rather than often moved ---

void StreamState::set_deadline(std::uint64_t& deadline, std::uint64_t ms) {
  uv_update_time(base.loop);
  deadline = uv_now(base.loop) + ms + 1;
  arm_timer();
}

void StreamState::arm_timer() {
  const std::uint64_t deadline = std::min(read_deadline - 1, write_deadline - 1) + 1;  // 0 is never
  if (deadline == 0 || (timed && timer->first <= deadline)) return;
  if (timed) loop().timers().remove(timer);
  const std::uint64_t now = uv_now(base.loop);
  timer = loop().timers().add(Millis(deadline > now ? deadline - now : 0), this);
  timed = true;
}

void StreamState::on_time() {
  timed = false;
  const std::uint64_t now = uv_now(base.loop);
  if (write_deadline != 0 && write_deadline <= now) {
    const std::size_t queued = uv_stream_get_write_queue_size(&stream);
    if (queued >= unsent && queued > 0) return close_for(UV_ETIMEDOUT);
    unsent = queued;
    write_deadline = queued > 0 ? now + write_timeout : 0;
  }
  if (read_deadline != 0 && read_deadline <= now) {
    read_deadline = 0;
    if (discarding) return close_for(UV_ETIMEDOUT);
    end_read(UV_ETIMEDOUT);
  }
  if (!closing()) arm_timer();
}

bool StreamSleep::await_ready() {
  if (stream.closed()) status = stream.state_->close_reason;
  return stream.closed() || delay == Millis::zero();
}

void StreamSleep::await_suspend(std::coroutine_handle<> task) {
  waiter = task;
  entry = stream.state_->loop().timers().add(delay, this);
  stream.hook(*this);
}

void StreamSleep::on_time() {
  unhook();
  waiter.resume();
}

void StreamSleep::stream_closed(Error why) {
  stream.state_->loop().timers().remove(entry);
  status = why;
  waiter.resume();
}

// --- read ---

int StreamState::start_reading() {
  auto on_alloc = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    StreamState* const self = state_of(handle);
    if (self->reader == nullptr && !self->discarding) return;  // on_read stops
    std::span<char> into = self->loop().scratch();
    if (self->reader != nullptr) {
      if (self->reader->buffer.empty()) self->reader->buffer = into;
      into = self->reader->buffer;
    }
    *buffer = uv_buf_init(into.data(), static_cast<unsigned>(into.size()));
  };
  auto on_read = [](uv_stream_t* s, ssize_t n, const uv_buf_t*) {
    if (n == UV_ENOBUFS)
      uv_read_stop(s);
    else if (n != 0)  // 0 is EAGAIN
      state_of(reinterpret_cast<uv_handle_t*>(s))->on_read(n);
  };
  const int r = uv_read_start(&stream, on_alloc, on_read);
  return r == UV_EALREADY ? 0 : r;
}

void StreamState::on_read(ssize_t n) {
  if (n > 0) Traffic::add(loop().traffic().in, static_cast<std::size_t>(n));
  if (n == UV_EOF) watch_for_reset();
  if (!discarding) return end_read(n);
  if (n > 0 && discard_timeout > 0) set_deadline(read_deadline, discard_timeout);
  if (n < 0 && n != UV_EOF) close_for(static_cast<int>(n));
}

void StreamState::watch_for_reset() {
  uv_os_fd_t fd = -1;
  if (!watched && uv_fileno(&base, &fd) == 0) watched = !loop().watches().add(fd, 0, this);
}

// Reading is not stopped before something comes that no task waits for: most often the task reads
// again first, and to stop would cost two epoll_ctl calls.
void StreamState::end_read(ssize_t status) {
  ReadWait* const wait = std::exchange(reader, nullptr);
  if (wait == nullptr) return;
  read_deadline = 0;
  idle_since = 0;
  wait->status = status;
  wait->waiter.resume();
}

ssize_t StreamState::read_now(std::span<char> buffer) {
  uv_os_fd_t fd = -1;
  if (uv_fileno(&base, &fd) != 0) return UV_EBADF;
  const ssize_t n = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n > 0) Traffic::add(loop().traffic().in, static_cast<std::size_t>(n));
  if (n > 0) return n;
  return n == 0 || errno == EAGAIN ? static_cast<ssize_t>(UV_EOF) : -errno;
}

void StreamState::end_input() {
  if (reader == nullptr || reader->past_end || closing()) return;
  if (reader->buffer.empty()) reader->buffer = loop().scratch();
  end_read(read_now(reader->buffer));
}

bool StreamState::peer_has_finished() {
  uv_os_fd_t fd = -1;
  if (uv_fileno(&base, &fd) != 0) return false;
  pollfd peer{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return poll(&peer, 1, 0) == 1;
}

std::uint32_t StreamState::idle_for() {
  constexpr std::uint32_t kPerhapsGone = 5'000;
  if (idle_since == 0 || (reader == nullptr && !pausing)) return 0;
  const std::uint32_t idle = static_cast<std::uint32_t>(uv_now(base.loop)) - idle_since;
  if (pausing && (idle < kPerhapsGone || !peer_has_finished())) return 0;
  return idle;
}

void StreamState::end_idle() {
  if (pausing) return close_for(UV_ETIMEDOUT);
  idle_since = 0;
  set_deadline(read_deadline, 0);
}

// After the peer's end of file only a reset or a close both ways is still news.
void StreamState::on_events(std::uint32_t) { close_for(UV_ECONNRESET); }

bool ReadWait::await_ready() {
  if (state->closing()) {
    status = state->close_reason;
    return true;
  }
  if (!state->loop().input_ended() || past_end) return false;
  if (buffer.empty()) buffer = state->loop().scratch();
  status = state->read_now(buffer);
  return true;
}

bool ReadWait::await_suspend(std::coroutine_handle<> handle) {
  CHECK(state->reader == nullptr);
  if (const int r = state->start_reading(); r < 0) {
    status = r;
    return false;
  }
  state->reader = this;
  waiter = handle;
  if (timeout != kForever)
    state->set_deadline(state->read_deadline, static_cast<std::uint64_t>(timeout.count()));
  return true;
}

// --- write ---

static void consume(uv_buf_t& buffer, std::size_t& n) {
  const std::size_t taken = std::min(buffer.len, n);
  buffer.base += taken;
  buffer.len -= taken;
  n -= taken;
}

static unsigned used(const std::array<uv_buf_t, 3>& buffers) {
  return buffers[2].len > 0 ? 3 : buffers[1].len > 0 ? 2 : 1;
}

bool WriteWait::await_ready() {
  if (state->closing()) {
    status = state->close_reason;
    return true;
  }
  const int r = uv_try_write(&state->stream, buffers.data(), used(buffers));
  if (r < 0 && r != UV_EAGAIN) {
    status = r;
    return true;
  }
  auto written = static_cast<std::size_t>(std::max(r, 0));
  Traffic::add(state->loop().traffic().out, written);
  for (uv_buf_t& buffer : buffers) consume(buffer, written);
  return buffers[0].len + buffers[1].len + buffers[2].len == 0;
}

bool WriteWait::await_suspend(std::coroutine_handle<> handle) {
  waiter = handle;
  auto* request = new uv_write_t;  // only when the socket's buffer is full
  request->data = this;
  auto on_written = [](uv_write_t* r, int result) {
    auto* wait = static_cast<WriteWait*>(r->data);
    delete r;
    wait->status = result == UV_ECANCELED ? wait->state->close_reason : result;
    wait->waiter.resume();
  };
  const std::size_t rest = buffers[0].len + buffers[1].len + buffers[2].len;
  status = uv_write(request, &state->stream, buffers.data(), 3, on_written);
  if (status < 0) {
    delete request;
    return false;
  }
  Traffic::add(state->loop().traffic().out, rest);
  state->unsent += rest;
  if (state->write_timeout > 0 && state->write_deadline == 0) {
    state->unsent = uv_stream_get_write_queue_size(&state->stream);
    state->set_deadline(state->write_deadline, state->write_timeout);
  }
  return true;
}

bool ShutdownWait::await_ready() {
  if (state->closing()) status = state->close_reason;
  return state->closing();
}

bool ShutdownWait::await_suspend(std::coroutine_handle<> handle) {
  waiter = handle;
  auto* request = new uv_shutdown_t;
  request->data = this;
  auto on_shutdown = [](uv_shutdown_t* r, int result) {
    auto* wait = static_cast<ShutdownWait*>(r->data);
    delete r;
    wait->status = result == UV_ECANCELED ? wait->state->close_reason : result;
    wait->waiter.resume();
  };
  status = uv_shutdown(request, &state->stream, on_shutdown);
  if (status < 0) delete request;
  return status == 0;
}

}  // namespace detail

// --- Stream ---

Result<std::size_t> Stream::try_write(std::string_view data) {
  if (closed()) return Error(state_->close_reason);
  const uv_buf_t one = buffer(data);
  const int r = uv_try_write(&state_->stream, &one, 1);
  if (r < 0 && r != UV_EAGAIN) return Error(r);
  const auto written = static_cast<std::size_t>(std::max(r, 0));
  Traffic::add(state_->loop().traffic().out, written);
  return written;
}

void Stream::discard_input(Millis timeout) {
  CHECK(state_->reader == nullptr);
  if (closed()) return;
  state_->discarding = true;  // from here on discard_timeout
  state_->discard_timeout = static_cast<std::uint32_t>(timeout.count());
  if (timeout > Millis::zero())
    state_->set_deadline(state_->read_deadline, state_->discard_timeout);
  if (const int r = state_->start_reading(); r < 0) state_->close_for(r);
}

void Stream::set_idle() {
  if (state_->discarding) return;
  const auto now = static_cast<std::uint32_t>(uv_now(state_->base.loop));
  state_->idle_since = std::max(now, std::uint32_t{1});
}

Task<Error> Stream::pause(Millis delay) {
  if (!closed()) state_->watch_for_reset();
  set_idle();
  state_->pausing = true;
  Error e = co_await sleep(delay);
  state_->pausing = false;
  state_->idle_since = 0;
  co_return e;
}

void Stream::set_write_timeout(Millis timeout) {
  state_->write_timeout = static_cast<std::uint32_t>(timeout.count());
}

int Stream::fd() const {
  uv_os_fd_t fd = -1;
  return uv_fileno(&state_->base, &fd) == 0 ? fd : -1;
}

bool Stream::has_unread() const {
  int bytes = 0;
  return !closed() && ioctl(fd(), FIONREAD, &bytes) == 0 && bytes > 0;
}

Task<> linger(Stream& stream, Millis limit) {
  stream.state_->idle_since = 0;
  stream.state_->discarding = false;  // from here on by reading, to see the end
  const Deadline deadline(limit);
  Error e = co_await stream.shutdown();
  while (!e) {
    detail::ReadView rest{{stream.state_, {}, deadline.left(), true}};
    const auto data = co_await rest;
    if (!data || data->empty()) break;
  }
}

}  // namespace net
