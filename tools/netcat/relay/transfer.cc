#include "tools/netcat/relay/transfer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace netcat {

using net::Descriptor;
using net::Error;
using net::Result;

constexpr std::size_t kBufferBytes = std::size_t{128} << 10;
constexpr int kPipeBytes = 1 << 20;                        // what an unprivileged pipe may hold
constexpr std::size_t kBulkBytes = std::size_t{16} << 10;  // a step of this size has others behind
constexpr std::size_t kStepBytes = std::size_t{1}
                                   << 20;  // at once, so that the other way has a turn

Transfer::Transfer(Descriptor& from, Descriptor& to, TransferOptions options)
    : from_(from), to_(to), options_(std::move(options)), way_(choose(from, to, options_)) {}

static bool is_null_device(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

static bool is_tcp(int fd) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_TCP;
}

// The one decision.  What turns out not to work falls back to the copy.
Transfer::Way Transfer::choose(const Descriptor& from, const Descriptor& to,
                               const TransferOptions& options) {
  struct stat in = {};
  struct stat out = {};
  const char* forced = std::getenv("NETCAT_COPY");
  if (options.touches_bytes() || (forced != nullptr && *forced != '\0')) return kCopy;
  if (options.discard) return is_tcp(from.fd()) ? kDrop : kCopy;
  if (fstat(from.fd(), &in) != 0 || fstat(to.fd(), &out) != 0) return kCopy;
  const int flags = fcntl(to.fd(), F_GETFL);
  const bool appends = (flags & O_APPEND) != 0;  // splice(2) refuses
  const bool writable = (flags & O_ACCMODE) != O_RDONLY;
  if (S_ISREG(in.st_mode) && S_ISSOCK(out.st_mode)) return kSendfile;
  if (S_ISFIFO(in.st_mode) && S_ISSOCK(out.st_mode)) return kSplice;
  if (S_ISSOCK(in.st_mode) && S_ISFIFO(out.st_mode)) return kSplice;
  if (S_ISSOCK(in.st_mode) && S_ISREG(out.st_mode) && !appends) return kPiped;
  if (is_tcp(from.fd()) && is_null_device(out) && writable) return kDrop;
  return kCopy;
}

void Transfer::discard() {
  if (!std::exchange(options_.discard, true)) way_ = choose(from_, to_, options_);
}

void Transfer::give_up_output() {
  pending_ = {};
  piped_ = 0;
  discard();
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
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferBytes);
    const std::size_t most = std::min(kBufferBytes, options_.chunk);
    const Result<std::size_t> n = from_.try_read({buffer_.get(), most});
    if (!n && n.error() == Error(UV_EAGAIN)) return {Step::kInputBlocks};
    if (!n) return {Step::kInputFailed, 0, n.error()};
    if (*n == 0) return {Step::kEnd};
    if (options_.on_read) options_.on_read({buffer_.get(), *n});
    if (options_.discard) return {Step::kMoved, *n};
    pending_ = {buffer_.get(), *n};
    if (options_.crlf) pending_ = crlf_.encode(pending_);
    if (options_.lines) return {Step::kMoved};
  }
  const std::size_t newline = options_.lines ? pending_.find('\n') : pending_.npos;
  const std::string_view piece =
      pending_.substr(0, newline == pending_.npos ? newline : newline + 1);
  const Result<std::size_t> n = to_.try_write(piece);
  if (!n && n.error() == Error(UV_EAGAIN)) return {Step::kOutputBlocks};
  if (!n) return {Step::kOutputFailed, 0, n.error()};
  if (options_.on_written) options_.on_written(piece.substr(0, *n));
  pending_.remove_prefix(*n);
  return {Step::kMoved, *n, Error(), newline != pending_.npos && *n == piece.size()};
}

// The kernel does not say which side it was, nor before it has tried whether it can.
Step Transfer::failed(Error e, bool input) {
  if (e != Error(UV_EINVAL) && e != Error(UV_ENOSYS))
    return {input ? Step::kInputFailed : Step::kOutputFailed, 0, e};
  way_ = kCopy;
  if (piped_ == 0) return copy();
  buffer_ = std::make_unique_for_overwrite<char[]>(std::max(piped_, kBufferBytes));
  for (std::size_t at = 0; at < piped_;) {
    const ssize_t n = read(pipe_out_.get(), buffer_.get() + at, piped_ - at);
    CHECK(n > 0);  // it is there
    at += static_cast<std::size_t>(n);
  }
  pending_ = {buffer_.get(), std::exchange(piped_, 0)};
  return copy();
}

Step Transfer::sendfile() {
  const ssize_t n = ::sendfile(to_.fd(), from_.fd(), nullptr, kStepBytes);
  if (n > 0) return {Step::kMoved, static_cast<std::size_t>(n)};
  if (n == 0) return {Step::kEnd};
  const Error e = Error::from_errno();
  if (e == Error(UV_EAGAIN) || e == Error(UV_EINTR)) return {Step::kOutputBlocks};
  return failed(e, e == Error(UV_EIO) || e == Error(UV_EBADF));
}

Step Transfer::splice() {
  const ssize_t n = ::splice(from_.fd(), nullptr, to_.fd(), nullptr, kStepBytes, SPLICE_F_NONBLOCK);
  if (n > 0) {
    widen(from_.is_socket() ? to_.fd() : from_.fd(), static_cast<std::size_t>(n));
    return {Step::kMoved, static_cast<std::size_t>(n)};
  }
  if (n == 0) return {Step::kEnd};
  const Error e = Error::from_errno();
  if (e == Error(UV_EAGAIN) || e == Error(UV_EINTR))
    return {from_.has_input() ? Step::kOutputBlocks : Step::kInputBlocks};
  const bool not_open = e == Error(UV_EBADF);  // for this direction, which a socket always is
  return failed(e, not_open ? !from_.is_socket() : from_.is_socket() && e != Error(UV_EPIPE));
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
        ::splice(from_.fd(), nullptr, pipe_in_.get(), nullptr, kPipeBytes, SPLICE_F_NONBLOCK);
    if (n == 0) return {Step::kEnd};
    const Error e = n < 0 ? Error::from_errno() : Error();
    if (e == Error(UV_EAGAIN) || e == Error(UV_EINTR)) return {Step::kInputBlocks};
    if (e) return failed(e, true);
    piped_ = static_cast<std::size_t>(n);
    widen(pipe_in_.get(), piped_);
  }
  const ssize_t n = ::splice(pipe_out_.get(), nullptr, to_.fd(), nullptr, piped_, 0);
  if (n < 0) {
    const Error e = Error::from_errno();
    if (e == Error(UV_EINTR)) return {Step::kOutputBlocks};
    return failed(e, false);
  }
  piped_ -= static_cast<std::size_t>(n);
  return {Step::kMoved, static_cast<std::size_t>(n)};
}

// Half the work for both sides, where there is much to move.  Only then: a user's pipes share a
// quota, and beyond it new ones are tiny.
void Transfer::widen(int pipe, std::size_t moved) {
  if (widened_ || moved < kBulkBytes) return;
  widened_ = true;
  if (fcntl(pipe, F_GETPIPE_SZ) < kPipeBytes)
    (void)fcntl(pipe, F_SETPIPE_SZ, kPipeBytes);  // or it stays as it is
}

Step Transfer::drop() {
  static char untouched[kStepBytes];
  const ssize_t n = recv(from_.fd(), untouched, sizeof untouched, MSG_TRUNC | MSG_DONTWAIT);
  if (n > 0) return {Step::kMoved, static_cast<std::size_t>(n)};
  if (n == 0) return {Step::kEnd};
  const Error e = Error::from_errno();
  if (e == Error(UV_EAGAIN) || e == Error(UV_EINTR)) return {Step::kInputBlocks};
  return {Step::kInputFailed, 0, e};
}

}  // namespace netcat
