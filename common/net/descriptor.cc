#include "common/net/descriptor.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>

namespace net {

// Opens the same pipe or terminal again, with an open file description of our own; returns none if
// that is not possible.  The master of a pseudo-terminal is not reopened, because that would create
// another terminal.
static Fd reopened(int fd, int direction) {
  int number = 0;
  if (ioctl(fd, TIOCGPTN, &number) == 0) return {};
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return Fd(open(path.c_str(), direction | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

// A regular file, /dev/null, /dev/zero or /dev/full.
static bool never_blocks(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return true;
  constexpr unsigned kMemoryDevices = 1;
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == kMemoryDevices &&
         (minor(status.st_rdev) == 3 || minor(status.st_rdev) == 5 || minor(status.st_rdev) == 7);
}

static bool allows(int flags, int direction) {
  return (flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == direction;
}

Descriptor::Descriptor(Loop& loop, Fd socket)
    : own_(std::move(socket)),
      fd_(own_.get()),
      access_(kSocket),
      watch_(std::make_unique<Watch>(loop, fd_)) {}

Descriptor::Descriptor(Loop& loop, int fd, int direction) : fd_(fd), access_(kBlocking) {
  struct stat status = {};
  const bool known = fstat(fd, &status) == 0;
  const int flags = fcntl(fd, F_GETFL);
  if (known && S_ISSOCK(status.st_mode)) {
    access_ = kSocket;
  } else if ((flags & O_NONBLOCK) != 0 || (known && never_blocks(status))) {
    access_ = kNonblocking;
  } else if (allows(flags, direction) && (S_ISFIFO(status.st_mode) || isatty(fd) == 1)) {
    own_ = reopened(fd, direction);
    access_ = own_ ? kNonblocking : kBlocking;
    fd_ = own_ ? own_.get() : fd;
  }
  watch_ = std::make_unique<Watch>(loop, fd_);
}

Descriptor Descriptor::standard_input(Loop& loop) {
  Descriptor input(loop, STDIN_FILENO, O_RDONLY);
  input.standard_ = STDIN_FILENO;
  return input;
}

Descriptor Descriptor::standard_output(Loop& loop) {
  Descriptor output(loop, STDOUT_FILENO, O_WRONLY);
  output.standard_ = STDOUT_FILENO;
  return output;
}

Descriptor Descriptor::output(Loop& loop, Fd file) {
  Descriptor output(loop, file.get(), O_WRONLY);
  if (!output.own_) output.own_ = std::move(file);
  return output;
}

static short ready_events(int fd, short events) {
  pollfd one{.fd = fd, .events = events, .revents = 0};
  return poll(&one, 1, 0) > 0 ? one.revents : short{0};
}

bool Descriptor::has_input() const { return ready_events(fd_, POLLIN) != 0; }

static Result<std::size_t> result_of(ssize_t n) {
  if (n >= 0) return static_cast<std::size_t>(n);
  return errno == EINTR ? Error(UV_EAGAIN) : Error::from_errno();
}

// The kernel drops the rest of a message that is longer than the buffer: that is data lost.
static Result<std::size_t> receive(int fd, std::span<char> buffer) {
  iovec piece{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  const ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
  if (n >= 0 && (message.msg_flags & MSG_TRUNC) != 0) return Error(UV_EMSGSIZE);
  return result_of(n);
}

Result<std::size_t> Descriptor::try_read(std::span<char> buffer) {
  if (access_ == kSocket) return receive(fd_, buffer);
  if (access_ == kBlocking && !has_input()) return Error(UV_EAGAIN);
  return result_of(::read(fd_, buffer.data(), buffer.size()));
}

Result<std::size_t> Descriptor::try_write(std::string_view data) {
  if (access_ == kSocket)
    return result_of(send(fd_, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  if (access_ == kBlocking) {
    if (ready_events(fd_, POLLOUT) == 0) return Error(UV_EAGAIN);
    data = data.substr(0, PIPE_BUF);  // a writable pipe has room for this much
  }
  return result_of(::write(fd_, data.data(), data.size()));
}

Result<std::size_t> Descriptor::try_writev(std::span<const iovec> pieces) {
  if (access_ == kSocket) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(pieces.size());  // musl: int
    return result_of(sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  if (access_ == kBlocking)
    return try_write({static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len});
  return result_of(writev(fd_, pieces.data(), static_cast<int>(pieces.size())));
}

Error Descriptor::shutdown() {
  return ::shutdown(fd_, SHUT_WR) == 0 ? Error() : Error::from_errno();
}

void Descriptor::close() {
  cancel();
  own_.reset();
  if (standard_ < 0) return;
  const Fd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nothing) dup2(nothing.get(), standard_);
  fd_ = standard_;
  access_ = kNonblocking;
}

Task<Result<std::size_t>> read(Descriptor& from, std::span<char> buffer) {
  for (;;) {
    Result<std::size_t> n = from.try_read(buffer);
    if (n || n.error() != Error(UV_EAGAIN)) co_return n;
    Error e = co_await from.readable();
    if (e) co_return e;
  }
}

Task<Error> write(Descriptor& to, std::string_view data) {
  while (!data.empty()) {
    Result<std::size_t> n = to.try_write(data);
    if (n) {
      data.remove_prefix(*n);
    } else if (n.error() != Error(UV_EAGAIN)) {
      co_return n.error();
    } else {
      Error e = co_await to.writable();
      if (e) co_return e;
    }
  }
  co_return Error();
}

}  // namespace net
