// channel.h - the test's end of a pipe, socket or terminal; every operation has a deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace e2e {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

// How long anything may take before the test fails; long enough for sanitizers and busy machines.
inline constexpr Millis kPatience{20'000};
// The limit for "at once": far above any noise, but far below the wait that wrong behaviour would
// cause.
inline constexpr Millis kPrompt{8'000};
// How long to watch that something does not happen.
inline constexpr Millis kSilence{300};

// Throws std::runtime_error, which fails the test: `what: strerror(errno)`.
[[noreturn]] void fail_errno(const std::string& what);
[[noreturn]] void fail(const std::string& what);

// Polls until `done` is true; throws when `patience` runs out.
void wait_until(const std::string& what, const std::function<bool()>& done,
                Millis patience = kPatience);

// An owned file descriptor, always close-on-exec.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close();
  Fd duplicate() const;

 private:
  int fd_ = -1;
};

// Opens a file (created if absent) or a device.
Fd open_file(const std::string& path, int flags);

// Reads and writes a descriptor with deadlines.  Every function throws when its time runs out or a
// read or write fails; a terminal's hang-up counts as end of file.
class Channel {
 public:
  Channel() = default;
  explicit Channel(Fd fd);

  // The next line without its newline; throws at end of file.
  std::string line(Millis patience = kPatience);
  // The next `size` bytes.
  std::string take(std::size_t size, Millis patience = kPatience);
  // Everything up to and including the first occurrence of `mark`.
  std::string take_until(std::string_view mark, Millis patience = kPatience);
  // Everything up to end of file.
  std::string rest(Millis patience = kPatience);
  // available() returns what has arrived, without waiting; absorb() only reads it into the buffer.
  std::string available();
  void absorb();
  bool has_buffered() const { return !buffer_.empty(); }
  bool at_end() const { return eof_; }
  // True when neither data nor end of file arrives for this long.
  bool silent_for(Millis time);
  // True when the peer resets the connection, whatever data comes before.
  bool is_reset(Millis patience = kPatience);

  void send(std::string_view data, Millis patience = kPatience);
  // Sends copies of `data` until the other side has accepted nothing for `stuck`; returns the
  // number of bytes.
  std::size_t send_until_stuck(std::string_view data, Millis stuck, std::size_t limit);

  int fd() const { return fd_.get(); }
  void close() { fd_.close(); }

 protected:
  // Reads once, waiting until `deadline`; false when that passes.  Sets eof_ or error_ at the end.
  bool fill(Clock::time_point deadline);
  // Like fill(), but throws if there is no more data; the message names `wanted`.
  void need(Clock::time_point deadline, const std::string& wanted);

  Fd fd_;
  std::string buffer_;
  bool eof_ = false;
  int error_ = 0;
};

// Returns the index of a channel that has something to read; throws when `patience` runs out.
std::size_t first_readable(std::span<Channel* const> channels, Millis patience = kPatience);

}  // namespace e2e
