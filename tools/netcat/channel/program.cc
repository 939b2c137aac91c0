#include "tools/netcat/channel/program.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace netcat {

using net::Error;
using net::Task;

ProgramPipes::ProgramPipes(net::Loop& loop, net::Fd input, net::Fd output)
    : input_(std::move(input)),
      output_(std::move(output)),
      input_watch_(loop, input_.get()),
      output_watch_(loop, output_.get()),
      never_(loop) {}

void ProgramPipes::program_ended() {
  program_ended_ = true;
  output_watch_.cancel();
}

net::Result<std::size_t> ProgramPipes::try_read(std::span<char> buffer) {
  const ssize_t n = read(output_.get(), buffer.data(), buffer.size());
  if (n > 0) return static_cast<std::size_t>(n);
  const bool nothing_yet = n < 0 && (errno == EAGAIN || errno == EINTR);
  if (n < 0 && !nothing_yet) return Error::from_errno();
  if (nothing_yet && !program_ended_) return Error(UV_EAGAIN);
  at_end_ = true;
  return std::size_t{0};
}

net::Result<std::size_t> ProgramPipes::try_write(std::string_view data) {
  const ssize_t n = write(input_.get(), data.data(), data.size());
  if (n > 0 && static_cast<std::size_t>(n) < data.size()) widen();
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == EPIPE) return data.size();
  return errno == EINTR ? Error(UV_EAGAIN) : Error::from_errno();
}

// Input that does not fit into the pipe is bulk data; with a larger pipe, programs can read 128 KiB
// at a time.
void ProgramPipes::widen() {
  constexpr int kPipeBytes = 256 << 10;
  if (!widened_) (void)fcntl(input_.get(), F_SETPIPE_SZ, kPipeBytes);  // or it stays as it is
  widened_ = true;
}

Error ProgramPipes::finish() {
  input_watch_.cancel();
  input_.reset();
  return {};
}

bool ProgramPipes::has_input() {
  pollfd one{.fd = output_.get(), .events = POLLIN, .revents = 0};
  return program_ended_ || poll(&one, 1, 0) > 0;
}

Task<Error> ProgramPipes::readable() {
  if (program_ended_ && !canceled_) co_return Error();
  Error e = co_await output_watch_.readable();
  co_return canceled_ ? Error(UV_ECANCELED) : program_ended_ ? Error() : e;
}

Task<Error> ProgramPipes::writable() {
  Error e = co_await input_watch_.writable();
  co_return e;
}

Task<Error> ProgramPipes::hangup() {
  (void)co_await never_.wait(net::kForever);  // cancel() wakes it
  co_return Error(UV_ECANCELED);
}

void ProgramPipes::cancel() {
  canceled_ = true;
  input_watch_.cancel();
  output_watch_.cancel();
  never_.wake();
}

}  // namespace netcat
