#include "tools/netcat/channel/stdio.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

namespace netcat {

using net::Error;
using net::Millis;
using net::Task;

constexpr Millis kForegroundLook{200};

static Stdio::Input kind_of_input() {
  struct stat status = {};
  const int flags = fcntl(STDIN_FILENO, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY) return Stdio::Input::kNothing;
  if (isatty(STDIN_FILENO) == 1) return Stdio::Input::kTerminal;
  const bool known = fstat(STDIN_FILENO, &status) == 0;
  const bool null = known && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
  return null ? Stdio::Input::kNothing : Stdio::Input::kStream;
}

static bool is_named_pipe(int fd) {
  struct stat status = {};
  struct statfs system = {};
  constexpr auto kPipeFs = 0x50495045;
  return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) && fstatfs(fd, &system) == 0 &&
         system.f_type != kPipeFs;
}

Stdio::Stdio(net::Loop& loop)
    : in_(net::Descriptor::standard_input(loop)),
      out_(net::Descriptor::standard_output(loop)),
      input_(kind_of_input()),
      orphaned_(getsid(getppid()) != getsid(0)),
      named_pipe_(is_named_pipe(STDOUT_FILENO)),
      pause_(loop),
      never_(loop) {
  if (input_ == Input::kTerminal && orphaned_ && in_background()) input_ = Input::kNothing;
}

// Reading the controlling terminal from the background would stop this process (SIGTTIN).  The
// master of a pseudo-terminal is excluded: it has a foreground group, but is never a controlling
// terminal.
bool Stdio::in_background() const {
  int number = 0;
  if (input_ != Input::kTerminal || ioctl(STDIN_FILENO, TIOCGPTN, &number) == 0) return false;
  const pid_t foreground = tcgetpgrp(STDIN_FILENO);
  return foreground >= 0 && foreground != getpgrp();
}

net::Result<std::size_t> Stdio::try_read(std::span<char> buffer) {
  if (input_ == Input::kNothing) return std::size_t{0};
  if (in_background()) {
    if (orphaned_) return std::size_t{0};
    return Error(UV_EAGAIN);
  }
  const net::Result<std::size_t> n = in_.try_read(buffer);
  if (!n && n.error() == Error(UV_EIO) && input_ == Input::kTerminal) return std::size_t{0};
  return n;
}

void Stdio::watch_output(std::function<void()> before, std::function<void(char)> after) {
  before_output_ = std::move(before);
  after_output_ = std::move(after);
}

net::Result<std::size_t> Stdio::try_write(std::string_view data) {
  if (before_output_) before_output_();
  const net::Result<std::size_t> n = out_.try_write(data);
  if (after_output_ && n) after_output_(data[*n - 1]);
  return n;
}

Error Stdio::finish() {
  out_.close();
  return {};
}

bool Stdio::has_input() {
  if (input_ == Input::kNothing) return true;
  return !in_background() && in_.has_input();
}

Task<Error> Stdio::readable() {
  if (input_ == Input::kNothing) co_return Error();
  for (;;) {
    Error e = co_await in_.readable();
    if (e || !in_background() || orphaned_) co_return e;
    e = co_await pause_.wait(kForegroundLook);
    if (e == Error(UV_ECANCELED) || canceled_) co_return Error(UV_ECANCELED);
  }
}

Task<Error> Stdio::writable() {
  Error e = co_await out_.writable();
  co_return e;
}

Task<Error> Stdio::hangup() {
  if (named_pipe_) {
    (void)co_await never_.wait(net::kForever);  // cancel() wakes it
    co_return Error(UV_ECANCELED);
  }
  Error e = co_await out_.hangup();
  co_return e ? e : Error(UV_EPIPE);
}

void Stdio::cancel() {
  canceled_ = true;
  in_.cancel();
  out_.cancel();
  pause_.wake();
  never_.wake();
}

int Stdio::read_fd() const { return input_ == Input::kStream ? in_.fd() : -1; }

void Stdio::stop_reading() {
  if (input_ == Input::kTerminal && !in_background()) (void)tcflush(STDIN_FILENO, TCIFLUSH);
  if (input_ == Input::kStream) in_.close();
}

}  // namespace netcat
