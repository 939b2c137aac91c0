#include "tools/netcat/relay/transfer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace netcat {

using net::Error;
using net::Result;

constexpr int kPipeBytes = 1 << 20;                        // the most for an unprivileged pipe
constexpr std::size_t kBulkBytes = std::size_t{16} << 10;  // after a step of this size expect more
constexpr std::size_t kStepBytes = std::size_t{1}
                                   << 20;  // per step, so that the other direction has a turn

Transfer::Transfer(Channel& from, Channel& to, Buffers& buffers, std::size_t chunk,
                   const TransferOptions& options)
    : from_(from),
      to_(to),
      buffers_(buffers),
      chunk_(chunk),
      options_(options),
      way_(choose()),
      crlf_(options.crlf ? std::make_unique<CrlfEncoder>() : nullptr) {}

static bool is_null_device(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

static bool is_tcp(int fd) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_TCP;
}

// Chooses how to move the bytes.  If the kernel refuses, failed() falls back to copying.
Transfer::Way Transfer::choose() const {
  struct stat in = {};
  struct stat out = {};
  const char* forced = std::getenv("NETCAT_COPY");
  if (options_.touches_bytes() || chunk_ != SIZE_MAX || (forced != nullptr && *forced != '\0'))
    return kCopy;
  const int from_fd = from_.read_fd();
  const int to_fd = to_.write_fd();
  if (options_.discard) return is_tcp(from_fd) ? kDrop : kCopy;
  if (fstat(from_fd, &in) != 0 || fstat(to_fd, &out) != 0) return kCopy;
  const int flags = fcntl(to_fd, F_GETFL);
  const bool appends = (flags & O_APPEND) != 0;  // splice(2) refuses this
  const bool writable = (flags & O_ACCMODE) != O_RDONLY;
  if (S_ISREG(in.st_mode) && S_ISSOCK(out.st_mode)) return kSendfile;
  if (S_ISFIFO(in.st_mode) && S_ISSOCK(out.st_mode)) return kSplice;
  if (S_ISSOCK(in.st_mode) && S_ISFIFO(out.st_mode)) return kSplice;
  if (S_ISSOCK(in.st_mode) && S_ISREG(out.st_mode) && !appends) return kPiped;
  if (is_tcp(from_fd) && is_null_device(out) && writable) return kDrop;
  return kCopy;
}

void Transfer::discard() {
  release();
  piped_ = 0;
  if (!std::exchange(options_.discard, true)) way_ = choose();
}

Step Transfer::step() {
  if (piped_ > 0) return splice_through_pipe();
  if (!pending_.empty()) return copy();
  switch (way_) {
    case kSendfile:
      return sendfile();
    case kSplice:
      return splice();
    case kPiped:
      return splice_through_pipe();
    case kDrop:
      return drop();
    case kCopy:
      break;
  }
  return copy();
}

Step Transfer::copy() {
  if (pending_.empty()) {
    const Step step = fill();
    if (step.what != Step::kMoved || options_.discard || options_.lines) return step;
  }
  const std::size_t newline = options_.lines ? pending_.find('\n') : pending_.npos;
  const std::string_view piece =
      pending_.substr(0, newline == pending_.npos ? newline : newline + 1);
  const Result<std::size_t> n = to_.try_write(piece);
  if (!n && n.error() == Error(UV_EAGAIN)) return {Step::kOutputBlocks};
  if (!n) return {Step::kOutputFailed, 0, n.error()};
  if (options_.on_written != nullptr) options_.on_written->saw(*this, piece.substr(0, *n));
  pending_.remove_prefix(*n);
  return {Step::kMoved, *n, Error(), newline != pending_.npos && *n == piece.size()};
}

// Reads the data to write next.
Step Transfer::fill() {
  if (!buffer_) buffer_ = buffers_.take();
  const std::size_t most = std::min(Buffers::kBytes, chunk_);
  const Result<std::size_t> n = from_.try_read({buffer_.get(), most});
  if (!n || *n == 0) release();
  if (!n && n.error() == Error(UV_EAGAIN)) return {Step::kInputBlocks};
  if (!n) return {Step::kInputFailed, 0, n.error()};
  if (*n == 0) return {Step::kEnd};
  if (options_.on_read != nullptr) options_.on_read->saw(*this, {buffer_.get(), *n});
  if (options_.discard) return {Step::kMoved, *n};
  pending_ = {buffer_.get(), *n};
  if (crlf_) pending_ = crlf_->encode(pending_);
  return {Step::kMoved};
}

std::unique_ptr<char[]> Buffers::take() {
  if (free_.empty()) return std::make_unique_for_overwrite<char[]>(kBytes);
  std::unique_ptr<char[]> buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void Buffers::give(std::unique_ptr<char[]> buffer) {
  constexpr std::size_t kSpare = 8;
  if (free_.size() < kSpare) free_.push_back(std::move(buffer));
}

void Transfer::release() {
  pending_ = {};
  if (buffer_) buffers_.give(std::move(buffer_));
}

// True for the errors by which the kernel refuses a method; it does not report this in advance.
static bool is_unsupported(Error e) {
  return e == Error(UV_EINVAL) || e == Error(UV_ENOSYS) || e == Error(-EOVERFLOW);
}

Step Transfer::failed(Error e, bool input) {
  if (!is_unsupported(e)) return {input ? Step::kInputFailed : Step::kOutputFailed, 0, e};
  way_ = kCopy;
  if (piped_ == 0) return copy();
  buffer_ = std::make_unique_for_overwrite<char[]>(std::max(piped_, Buffers::kBytes));
  for (std::size_t at = 0; at < piped_;) {
    const ssize_t n = read(pipe_out_.get(), buffer_.get() + at, piped_ - at);
    CHECK(n > 0);  // these bytes are in the pipe
    at += static_cast<std::size_t>(n);
  }
  pending_ = {buffer_.get(), std::exchange(piped_, 0)};
  return copy();
}

Step Transfer::sendfile() {
  const ssize_t n = ::sendfile(to_.write_fd(), from_.read_fd(), nullptr, kStepBytes);
  if (n > 0) return {Step::kMoved, static_cast<std::size_t>(n)};
  if (n == 0) return {Step::kEnd};
  const Error e = Error::from_errno();
  if (e == Error(UV_EAGAIN) || e == Error(UV_EINTR)) return {Step::kOutputBlocks};
  if (is_unsupported(e)) return failed(e, true);
  const Step read = fill();  // shows whether reading the file is what failed
  return read.what == Step::kInputFailed ? read : Step{Step::kOutputFailed, 0, e};
}

static bool is_socket(int fd) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static bool takes_output(int fd) {
  pollfd one{.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&one, 1, 0) > 0;
}

// Called when splice(2) has moved nothing.  It returns 0 at a mark of urgent data, too, which only
// read(2) gets past, so only a 0 from read is end of file.  It also reports a pipe without a reader
// even if there is nothing to write.
Step Transfer::stopped(Error e) {
  const bool no_reader = e == Error(UV_EPIPE) && is_socket(from_.read_fd());
  if (no_reader) return from_.has_input() ? copy() : Step{Step::kInputBlocks};
  const bool blocked = e == Error(UV_EAGAIN) || e == Error(UV_EINTR);
  if (e && !blocked) {
    const bool from_socket = is_socket(from_.read_fd());
    const bool not_open = e == Error(UV_EBADF);  // not open for this direction, so not the socket
    return failed(e, not_open ? !from_socket : from_socket);
  }
  if (blocked && !from_.has_input()) return {Step::kInputBlocks};
  if (blocked && !takes_output(to_.write_fd())) return {Step::kOutputBlocks};
  return copy();
}

Step Transfer::splice() {
  const int from = from_.read_fd();
  const int to = to_.write_fd();
  const ssize_t n = ::splice(from, nullptr, to, nullptr, kStepBytes, SPLICE_F_NONBLOCK);
  if (n <= 0) return stopped(n < 0 ? Error::from_errno() : Error());
  if (!widened_) widen(is_socket(from) ? to : from, static_cast<std::size_t>(n));
  return {Step::kMoved, static_cast<std::size_t>(n)};
}

Step Transfer::splice_through_pipe() {
  if (!pipe_in_) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return failed(Error(UV_ENOSYS), false);
    pipe_out_.reset(ends[0]);
    pipe_in_.reset(ends[1]);
  }
  if (piped_ == 0) {
    const ssize_t n =
        ::splice(from_.read_fd(), nullptr, pipe_in_.get(), nullptr, kPipeBytes, SPLICE_F_NONBLOCK);
    if (n <= 0) return stopped(n < 0 ? Error::from_errno() : Error());
    piped_ = static_cast<std::size_t>(n);
    widen(pipe_in_.get(), piped_);
  }
  const ssize_t n = ::splice(pipe_out_.get(), nullptr, to_.write_fd(), nullptr, piped_, 0);
  if (n < 0) {
    const Error e = Error::from_errno();
    if (e == Error(UV_EINTR)) return {Step::kOutputBlocks};
    return failed(e, false);
  }
  piped_ -= static_cast<std::size_t>(n);
  return {Step::kMoved, static_cast<std::size_t>(n)};
}

// A larger pipe halves the work of both sides if there is much to move.  It is widened only then,
// because a user's pipes share a quota, and beyond it new pipes are tiny.
void Transfer::widen(int pipe, std::size_t moved) {
  if (widened_ || moved < kBulkBytes) return;
  widened_ = true;
  if (fcntl(pipe, F_GETPIPE_SZ) < kPipeBytes)
    (void)fcntl(pipe, F_SETPIPE_SZ, kPipeBytes);  // on failure the size stays as it is
}

Step Transfer::drop() {
  static char untouched[kStepBytes];
  const ssize_t n = recv(from_.read_fd(), untouched, sizeof untouched, MSG_TRUNC | MSG_DONTWAIT);
  if (n > 0) return {Step::kMoved, static_cast<std::size_t>(n)};
  if (n == 0) return {Step::kEnd};
  const Error e = Error::from_errno();
  if (e == Error(UV_EAGAIN) || e == Error(UV_EINTR)) return {Step::kInputBlocks};
  return {Step::kInputFailed, 0, e};
}

}  // namespace netcat
