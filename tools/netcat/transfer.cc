#include "tools/netcat/transfer.h"

#include <fcntl.h>
#include <sys/sendfile.h>
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
constexpr std::size_t kPipeBytes = std::size_t{1} << 20;  // what an unprivileged pipe may hold
constexpr std::size_t kStepBytes = std::size_t{1}
                                   << 20;  // at once, so that the other way has a turn

Transfer::Transfer(Descriptor& from, Descriptor& to, TransferOptions options)
    : from_(from), to_(to), options_(std::move(options)), way_(choose(from, to, options_)) {}

static bool is_null_device(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

// The one decision.  What turns out not to work falls back to the copy.
Transfer::Way Transfer::choose(const Descriptor& from, const Descriptor& to,
                               const TransferOptions& options) {
  struct stat in {};
  struct stat out {};
  const char* forced = std::getenv("NETCAT_COPY");
  if (options.touches_bytes() || (forced != nullptr && *forced != '\0')) return kCopy;
  if (fstat(from.fd(), &in) != 0 || fstat(to.fd(), &out) != 0) return kCopy;
  const bool appends = (fcntl(to.fd(), F_GETFL) & O_APPEND) != 0;  // splice(2) refuses
  if (S_ISREG(in.st_mode) && S_ISSOCK(out.st_mode)) return kSendfile;
  if (S_ISFIFO(in.st_mode) && S_ISSOCK(out.st_mode)) return kSplice;
  if (S_ISSOCK(in.st_mode) && S_ISFIFO(out.st_mode)) return kSplice;
  if (S_ISSOCK(in.st_mode) && S_ISREG(out.st_mode) && !appends) return kPiped;
  if (S_ISSOCK(in.st_mode) && is_null_device(out)) return kPiped;
  return kCopy;
}

Step Transfer::step() {
  if (piped_ > 0) return splice_through_pipe();
  if (options_.discard) return copy();
  switch (way_) {
    case kSendfile:
      return sendfile();
    case kSplice:
      return splice();
    case kPiped:
      return splice_through_pipe();
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
  if (n > 0) return {Step::kMoved, static_cast<std::size_t>(n)};
  if (n == 0) return {Step::kEnd};
  const Error e = Error::from_errno();
  if (e == Error(UV_EAGAIN) || e == Error(UV_EINTR))
    return {from_.has_input() ? Step::kOutputBlocks : Step::kInputBlocks};
  return failed(e, from_.is_socket() && e != Error(UV_EPIPE));
}

Step Transfer::splice_through_pipe() {
  if (!pipe_in_) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return failed(Error(UV_ENOSYS), false);
    pipe_out_.reset(ends[0]);
    pipe_in_.reset(ends[1]);
    (void)fcntl(pipe_in_.get(), F_SETPIPE_SZ, kPipeBytes);  // or the default size
  }
  if (piped_ == 0) {
    const ssize_t n =
        ::splice(from_.fd(), nullptr, pipe_in_.get(), nullptr, kPipeBytes, SPLICE_F_NONBLOCK);
    if (n == 0) return {Step::kEnd};
    const Error e = n < 0 ? Error::from_errno() : Error();
    if (e == Error(UV_EAGAIN) || e == Error(UV_EINTR)) return {Step::kInputBlocks};
    if (e) return failed(e, true);
    piped_ = static_cast<std::size_t>(n);
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

}  // namespace netcat
