#include "common/net/stream.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "common/net/address.h"

namespace net {

namespace detail {

// Repeats a read or write that a signal interrupted; returns a negated errno, EAGAIN if it would
// block.
template <typename Call>
static ssize_t repeat(Call call) {
  for (;;) {
    const ssize_t n = call();
    if (n >= 0) return n;
    if (errno != EINTR) return -errno;
  }
}

StreamState::StreamState(Loop& on, Fd connected) : loop(on), socket(std::move(connected)) {
  link(loop.watches().targets());
}

StreamState::~StreamState() {
  close_for(UV_ECANCELED);
  CHECK(reader == nullptr && last_write == nullptr);
  unlink();
}

// --- closing ---

void StreamState::close_for(int reason) {
  if (closed()) return;
  close_reason = static_cast<std::int16_t>(reason);
  forget();
  socket.reset();
  if (timed()) loop.timers().remove(this);
  if (ReadWait* const wait = std::exchange(reader, nullptr)) {
    wait->status = reason;
    loop.resume_later(wait->waiter);
  }
  while (last_write != nullptr) {
    WriteWait* const first = pop_write();
    first->status = reason;
    loop.resume_later(first->waiter);
  }
  while (hooks != nullptr) {
    CloseHook* const hook = hooks;
    hook->unlink();
    hook->stream_closed(reason);
  }
}

// --- what the kernel reports ---

Error StreamState::await(std::uint8_t events) {
  const auto all = static_cast<std::uint8_t>(awaited | events);
  if (registered && all == awaited) return {};
  WatchSet& set = loop.watches();
  if (registered) {
    set.modify(socket.get(), all, this);
  } else {
    if (const Error e = set.add(socket.get(), all, this)) return e;
    set.wait_begins();
    registered = true;
  }
  awaited = all;
  return {};
}

// Resets are still reported.
void StreamState::ignore(std::uint8_t events) {
  if ((awaited & events) == 0) return;
  awaited &= static_cast<std::uint8_t>(~events);
  loop.watches().modify(socket.get(), awaited, this);
}

void StreamState::forget() {
  if (!registered) return;
  registered = false;
  awaited = 0;
  loop.watches().remove(socket.get(), this);
  loop.watches().wait_ends();
}

// Any of these calls may destroy this object, so only one is made; epoll reports the rest again.
void StreamState::on_events(std::uint32_t events) {
  const bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (last_write != nullptr && (gone || (events & EPOLLOUT) != 0)) return write_some();
  if (gone && ends_by_reset) return close_for(UV_ECONNRESET);
  if (reader != nullptr || discarding) return read_some();
  // Reading stops only when data arrives while no task waits: usually the task reads again first,
  // and to stop and resume would cost two system calls.
  if (gone)
    forget();
  else
    ignore(EPOLLIN);
}

// --- time: one timer for both deadlines; it is checked when it fires, rather than moved often ---

void StreamState::set_deadline(std::uint64_t& deadline, std::uint64_t ms) {
  uv_update_time(loop.uv());
  deadline = uv_now(loop.uv()) + ms + 1;
  arm_timer();
}

void StreamState::arm_timer() {
  const std::uint64_t deadline = std::min(read_deadline - 1, write_deadline - 1) + 1;  // 0: none
  if (deadline == 0 || (timed() && loop.timers().due(this) <= deadline)) return;
  if (timed()) loop.timers().remove(this);
  const std::uint64_t now = uv_now(loop.uv());
  loop.timers().add(Millis(deadline > now ? deadline - now : 0), this);
}

void StreamState::on_time() {
  const std::uint64_t now = uv_now(loop.uv());
  if (write_deadline != 0 && write_deadline <= now) return close_for(UV_ETIMEDOUT);
  const bool silent = read_deadline != 0 && read_deadline <= now;
  if (silent && discarding) return close_for(UV_ETIMEDOUT);
  if (silent) read_deadline = 0;
  arm_timer();
  if (silent && reader != nullptr) end_read(UV_ETIMEDOUT);  // may destroy this object
}

bool StreamSleep::await_ready() {
  if (stream.closed()) status = stream.state_->close_reason;
  return stream.closed() || delay == Millis::zero();
}

void StreamSleep::await_suspend(std::coroutine_handle<> task) {
  waiter = task;
  stream.state_->loop.timers().add(delay, this);
  stream.hook(*this);
}

void StreamSleep::on_time() {
  unlink();
  waiter.resume();
}

void StreamSleep::stream_closed(Error why) {
  Loop& loop = stream.state_->loop;
  loop.timers().remove(this);
  status = why;
  loop.resume_later(waiter);
}

// --- read ---

ssize_t StreamState::read_now(std::span<char>& buffer) {
  if (buffer.empty()) buffer = loop.scratch();
  const ssize_t n =
      repeat([&] { return recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT); });
  if (n > 0) Traffic::add(loop.traffic().in, static_cast<std::size_t>(n));
  if (n == 0 && !ended) {
    ended = ends_by_reset = true;
    ignore(EPOLLIN);
  }
  return n;
}

void StreamState::read_some() {
  std::span<char> unwanted;
  const ssize_t n = read_now(reader != nullptr ? reader->buffer : unwanted);
  if (n == UV_EAGAIN) return;
  if (reader != nullptr) return end_read(static_cast<int>(n));
  if (n > 0 && discard_timeout > 0) set_deadline(read_deadline, discard_timeout);
  if (n < 0) close_for(static_cast<int>(n));
}

void StreamState::end_read(int status) {
  idle_since = 0;
  reader->status = status;
  if (reader->enough != nullptr && !reader->enough(*reader)) return;
  read_deadline = 0;
  std::exchange(reader, nullptr)->waiter.resume();
}

void StreamState::end_input() {
  if (reader == nullptr || reader->past_end) return;
  ReadWait* const wait = std::exchange(reader, nullptr);
  read_deadline = 0;
  idle_since = 0;
  wait->interrupted = true;
  loop.resume_later(wait->waiter);
}

bool StreamState::peer_has_finished() const {
  pollfd peer{.fd = socket.get(), .events = POLLRDHUP, .revents = 0};
  return poll(&peer, 1, 0) == 1;
}

std::uint32_t StreamState::idle_for() {
  constexpr std::uint32_t kPerhapsGone = 5'000;
  if (idle_since == 0 || (reader == nullptr && !pausing)) return 0;
  const std::uint32_t idle = static_cast<std::uint32_t>(uv_now(loop.uv())) - idle_since;
  if (pausing && (idle < kPerhapsGone || !peer_has_finished())) return 0;
  return idle;
}

void StreamState::end_idle() {
  if (pausing) return close_for(UV_ETIMEDOUT);
  idle_since = 0;
  set_deadline(read_deadline, 0);
}

bool ReadWait::is_immediate() const {
  return state->closed() || state->ended || (state->loop.input_ended() && !past_end);
}

void ReadWait::read_at_once() {
  const ssize_t n = state->closed() ? state->close_reason : state->read_now(buffer);
  status = n == UV_EAGAIN ? 0 : static_cast<int>(n);
}

bool ReadWait::await_ready() {
  interrupted = is_immediate();
  return interrupted;
}

bool ReadWait::await_suspend(std::coroutine_handle<> handle) {
  CHECK(state->reader == nullptr);
  if (const Error e = state->await(EPOLLIN)) {
    status = e.code();
    return false;
  }
  state->reader = this;
  waiter = handle;
  if (timeout != kForever)
    state->set_deadline(state->read_deadline, static_cast<std::uint64_t>(timeout.count()));
  return true;
}

Result<std::string_view> ReadWait::finish() {
  if (interrupted) read_at_once();
  if (status < 0) return Error(status);
  return std::string_view(buffer.data(), static_cast<std::size_t>(status));
}

// --- write ---

// Removes `n` bytes from the front; true if nothing is left.
static bool consume(std::array<iovec, 3>& pieces, std::size_t n) {
  std::size_t left = 0;
  for (iovec& piece : pieces) {
    const std::size_t taken = std::min(piece.iov_len, n);
    piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
    piece.iov_len -= taken;
    n -= taken;
    left += piece.iov_len;
  }
  return left == 0;
}

ssize_t StreamState::send_now(iovec* pieces, std::size_t count) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  ssize_t n = repeat([&] {
    return count == 1 ? send(socket.get(), pieces->iov_base, pieces->iov_len, kFlags)
                      : sendmsg(socket.get(), &message, kFlags);
  });
  if (n == UV_EAGAIN || n == UV_ENOBUFS) n = 0;
  if (n > 0) Traffic::add(loop.traffic().out, static_cast<std::size_t>(n));
  return n;
}

// Returns true when the write is finished: all was written, or it failed.
bool StreamState::send_some(WriteWait& write) {
  auto& pieces = write.pieces;
  if (write.half_close) {
    write.status = ::shutdown(socket.get(), SHUT_WR) == 0 ? 0 : -errno;
    return true;
  }
  const std::size_t used = pieces[2].iov_len > 0 ? 3 : pieces[1].iov_len > 0 ? 2 : 1;
  const ssize_t n = send_now(pieces.data(), used);
  if (n < 0) write.status = static_cast<int>(n);
  if (n > 0 && write_deadline != 0) write_deadline = uv_now(loop.uv()) + write_timeout;
  return n < 0 || consume(pieces, static_cast<std::size_t>(n));
}

WriteWait* StreamState::pop_write() {
  WriteWait* const first = last_write->next;
  if (first == last_write)
    last_write = nullptr;
  else
    last_write->next = first->next;
  return first;
}

void StreamState::write_some() {
  WriteWait* done = nullptr;
  WriteWait** end = &done;
  while (last_write != nullptr && send_some(*last_write->next)) {
    *end = pop_write();
    end = &(*end)->next;
  }
  *end = nullptr;
  if (last_write == nullptr) {
    write_deadline = 0;
    ignore(EPOLLOUT);
  }
  while (done != nullptr) std::exchange(done, done->next)->waiter.resume();
}

bool WriteWait::await_ready() {
  if (state->closed()) status = state->close_reason;
  return state->closed() || (state->last_write == nullptr && state->send_some(*this));
}

bool WriteWait::await_suspend(std::coroutine_handle<> handle) {
  if (const Error e = state->await(EPOLLOUT)) {
    status = e.code();
    return false;
  }
  waiter = handle;
  WriteWait*& last = state->last_write;
  next = last != nullptr ? std::exchange(last->next, this) : this;
  last = this;
  if (state->write_timeout > 0 && state->write_deadline == 0)
    state->set_deadline(state->write_deadline, state->write_timeout);
  return true;
}

}  // namespace detail

// --- Stream ---

Result<std::size_t> Stream::try_write(std::string_view data) {
  if (closed()) return Error(state_->close_reason);
  if (state_->last_write != nullptr) return std::size_t{0};
  iovec one = piece(data);
  const ssize_t n = state_->send_now(&one, 1);
  if (n < 0) return Error(static_cast<int>(n));
  return static_cast<std::size_t>(n);
}

void Stream::discard_input(Millis timeout) {
  CHECK(state_->reader == nullptr);
  if (closed()) return;
  state_->discarding = true;  // from here on the union holds discard_timeout
  state_->discard_timeout = static_cast<std::uint32_t>(timeout.count());
  if (timeout > Millis::zero())
    state_->set_deadline(state_->read_deadline, state_->discard_timeout);
  if (const Error e = state_->await(EPOLLIN)) state_->close_for(e.code());
}

void Stream::set_idle() {
  if (state_->discarding) return;
  const auto now = static_cast<std::uint32_t>(uv_now(state_->loop.uv()));
  state_->idle_since = std::max(now, std::uint32_t{1});
}

Task<Error> Stream::pause(Millis delay) {
  state_->ends_by_reset = true;
  if (!closed()) (void)state_->await(0);  // if it fails, a reset is noticed later
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

bool Stream::has_unread() const {
  int bytes = 0;
  return !closed() && ioctl(fd(), FIONREAD, &bytes) == 0 && bytes > 0;
}

Task<> linger(Stream& stream, Millis limit) {
  stream.state_->idle_since = 0;
  stream.state_->discarding = false;  // read below instead, to notice the end of file
  const Deadline deadline(limit);
  Error e = co_await stream.shutdown();
  while (!e) {
    detail::ReadView rest{{stream.state_, {}, deadline.left(), true}};
    const auto data = co_await rest;
    if (!data || data->empty()) break;
  }
}

}  // namespace net
