// stream.h - a connected byte stream: TCP, or a Unix-domain socket.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <span>
#include <string_view>

#include "common/net/fd.h"
#include "common/net/timer.h"
#include "common/net/watch.h"

namespace net {

class Stream;

// Notifies a task that waits for something else when a stream closes.  A node in the stream's list.
class CloseHook : private Link<CloseHook> {
 public:
  // Called from inside the call that closes the stream, so it must not resume a task.  The hook has
  // already been removed.
  virtual void stream_closed(Error why) = 0;
  using Link::unlink;

 protected:
  ~CloseHook() = default;

 private:
  friend class Link<CloseHook>;
  friend class Stream;
};

namespace detail {

struct ReadWait;
struct WriteWait;

// One per client, so it is kept small: no timer until one is needed, and never a buffer.
struct StreamState final : WatchTarget, TimerTarget {
  StreamState(Loop& loop, Fd socket);
  ~StreamState();

  Loop& loop;
  ReadWait* reader = nullptr;
  WriteWait* last_write = nullptr;  // a ring: last_write->next is the first
  CloseHook* hooks = nullptr;
  // In the loop's milliseconds; 0: none.  The timer fires at the earlier deadline or before it.
  std::uint64_t read_deadline = 0;
  std::uint64_t write_deadline = 0;
  std::uint32_t write_timeout = 0;  // milliseconds; 0: none
  union {
    std::uint32_t discard_timeout = 0;  // while discarding
    std::uint32_t idle_since;           // otherwise; in the loop's milliseconds; 0: not idle
  };
  Fd socket;                                 // empty: closed
  std::int16_t close_reason = UV_ECANCELED;  // the error of all later operations
  std::uint8_t awaited = 0;                  // the events that epoll reports
  bool registered : 1 = false;               // with epoll
  bool discarding : 1 = false;
  bool ended : 1 = false;          // the peer's end of file has been read
  bool ends_by_reset : 1 = false;  // a reset closes the stream even if no task reads
  bool pausing : 1 = false;        // in Stream::pause(): idle_since is its start

  void on_events(std::uint32_t events) override;
  void cancel() override { close_for(UV_ECANCELED); }
  void end_input() override;
  std::uint32_t idle_for() override;
  void end_idle() override;
  int stream_fd() const override { return socket.get(); }
  void on_time() override;

  bool closed() const { return !socket; }
  void close_for(int reason);
  Error await(std::uint8_t events);  // starts reporting these events, and resets
  void ignore(std::uint8_t events);  // stops reporting them, but not resets
  void forget();
  void set_deadline(std::uint64_t& deadline, std::uint64_t ms);
  void arm_timer();
  void read_some();
  void end_read(int status);
  ssize_t read_now(std::span<char>& buffer);
  bool peer_has_finished() const;
  ssize_t send_now(iovec* pieces, std::size_t count);  // 0: the socket accepts nothing now
  bool send_some(WriteWait& write);
  WriteWait* pop_write();
  void write_some();
};

struct ReadWait {
  StreamState* state;
  std::span<char> buffer;  // empty: use the loop's scratch memory
  Millis timeout;
  bool past_end = false;     // read even after Loop::end_input()
  bool interrupted = false;  // nothing to wait for: the task reads when it resumes
  int status = UV_ECANCELED;
  std::coroutine_handle<> waiter{};
  bool (*enough)(ReadWait& wait) = nullptr;  // false: read again before resuming

  bool await_ready();
  bool await_suspend(std::coroutine_handle<> handle);
  bool is_immediate() const;
  void read_at_once();
  Result<std::string_view> finish();
};

struct ReadInto : ReadWait {
  Result<std::size_t> await_resume() {
    const auto data = finish();
    if (!data) return data.error();
    return data->size();
  }
};

struct ReadView : ReadWait {
  Result<std::string_view> await_resume() { return finish(); }
};

// A write, or a half-close.
struct WriteWait {
  StreamState* state;
  std::array<iovec, 3> pieces{};
  bool half_close = false;
  int status = 0;
  std::coroutine_handle<> waiter{};
  WriteWait* next = nullptr;

  bool await_ready();
  bool await_suspend(std::coroutine_handle<> handle);
  Error await_resume() const { return status; }
};

struct StreamSleep final : TimerTarget, CloseHook {
  StreamSleep(Stream& on, Millis time) : stream(on), delay(time) {}
  Stream& stream;
  Millis delay;
  Error status;
  std::coroutine_handle<> waiter;

  bool await_ready();
  void await_suspend(std::coroutine_handle<> task);
  Error await_resume() const { return status; }
  void on_time() override;
  void stream_closed(Error why) override;
};

}  // namespace detail

// A stream must outlive its operations.  After close(), or an error that closes it, all of them
// fail at once.
class Stream {
 public:
  // Takes a connected socket.
  Stream(Loop& loop, Fd socket) : state_(new detail::StreamState(loop, std::move(socket))) {}
  Stream(Stream&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Stream& operator=(Stream&&) = delete;
  ~Stream() { delete state_; }

  // Waits for data and reads at most buffer.size() bytes; 0 is end of file.  One reader at a time.
  // UV_ETIMEDOUT leaves the stream open.  After end of file a reset closes it.  Once the server
  // stops (Loop::end_input), it does not wait: it returns what has arrived, then end of file.
  auto read(std::span<char> buffer, Millis timeout = kForever) {
    return detail::ReadInto{{state_, buffer, timeout, false}};
  }
  // The same without a buffer: returns a view that is valid until the task next waits. past_end:
  // waits even while the server stops, to read the rest of a request that has begun.
  auto read(Millis timeout = kForever, bool past_end = false) {
    return detail::ReadView{{state_, {}, timeout, past_end}};
  }

  // Writes everything; concurrent writes go out in the order of the calls.  The data must live
  // until the write has finished.
  auto write(std::string_view a, std::string_view b = {}, std::string_view c = {}) {
    return detail::WriteWait{state_, {piece(a), piece(b), piece(c)}};
  }
  // Writes what the socket accepts now, possibly nothing; never waits.
  Result<std::size_t> try_write(std::string_view data);
  // Half-close: the peer reads end of file after all that was written.
  auto shutdown() { return detail::WriteWait{state_, {}, true}; }

  // Suspends the task until all other ready tasks have run.
  auto yield() { return net::yield(state_->loop); }
  // Waits for `delay` or until the stream closes.
  auto sleep(Millis delay) { return detail::StreamSleep(*this, delay); }
  // The same while the client is not read from: a reset closes the stream, and a client that has
  // half-closed, and so may have left, can be closed at --max-clients after some seconds.
  Task<Error> pause(Millis delay);

  // Reads and discards from now on.  The peer's end of file leaves the stream open; a reset, or
  // silence for `timeout`, closes it.
  void discard_input(Millis timeout = Millis::zero());
  // Marks the connection as idle until something is read: at --max-clients its read may then end
  // with UV_ETIMEDOUT in favour of a client that waits for a place.
  void set_idle();
  void hook(CloseHook& hook) { hook.link(state_->hooks); }

  // A write without progress for `timeout` closes the stream with UV_ETIMEDOUT; zero: never.
  void set_write_timeout(Millis timeout);
  void close() { state_->close_for(UV_ECANCELED); }
  bool closed() const { return state_->closed(); }
  // Whether unread input has arrived, so that closing now would reset the connection.
  bool has_unread() const;
  int fd() const { return state_->socket.get(); }  // -1: closed

 private:
  friend Task<> linger(Stream& stream, Millis limit);
  friend class LineReader;
  friend struct detail::StreamSleep;
  static iovec piece(std::string_view s) { return {const_cast<char*>(s.data()), s.size()}; }
  detail::StreamState* state_;
};

// Half-closes, then discards input until the peer's end of file or for `limit`: closing with unread
// input would reset the connection, and the peer would lose what it has not read yet.
Task<> linger(Stream& stream, Millis limit);

}  // namespace net
