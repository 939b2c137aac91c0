// descriptor.h - a descriptor to read and write, whatever is behind it: a socket of ours, or
// standard input or output as a file, a pipe, a socket, a terminal, a device, or closed.
//
// O_NONBLOCK belongs to the open file description, which we may share with other processes: it is
// never changed.  A pipe or a terminal is opened a second time, a socket told at every call, and
// where neither works the descriptor is asked (poll) before each small, blocking call.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string_view>

#include "common/net/fd.h"
#include "common/net/watch.h"

namespace net {

class Descriptor {
 public:
  static Descriptor standard_input(Loop& loop);
  static Descriptor standard_output(Loop& loop);
  // To write, whatever is behind it.
  static Descriptor output(Loop& loop, Fd file);
  // A connected, non-blocking socket.
  Descriptor(Loop& loop, Fd socket);
  Descriptor(Descriptor&&) = default;

  // What is there now: UV_EAGAIN: nothing; 0: end of file.
  Result<std::size_t> try_read(std::span<char> buffer);
  // What is taken now, of at least one byte: UV_EAGAIN: nothing.
  Result<std::size_t> try_write(std::string_view data);
  // The same for several pieces, in one call where that can be.
  Result<std::size_t> try_writev(std::span<const iovec> pieces);
  Error shutdown();        // half-close; a socket's only
  void close();            // cancels; a standard descriptor becomes /dev/null
  bool has_input() const;  // data, or end of file: a read would not block

  auto readable() { return watch_->readable(); }
  auto writable() { return watch_->writable(); }
  auto hangup() { return watch_->hangup(); }
  // Ends every wait, now and later, with UV_ECANCELED.
  void cancel() { watch_->cancel(); }

  bool is_socket() const { return access_ == kSocket; }
  bool is_terminal() const { return isatty(fd_) == 1; }
  int fd() const { return fd_; }

 private:
  enum Access { kNonblocking, kSocket, kBlocking };
  Descriptor(Loop& loop, int fd, int direction);

  Fd own_;
  int standard_ = -1;
  int fd_;
  Access access_;
  std::unique_ptr<Watch> watch_;
};

// What comes next, waited for; 0 is end of file.
Task<Result<std::size_t>> read(Descriptor& from, std::span<char> buffer);
// All of `data`.
Task<Error> write(Descriptor& to, std::string_view data);

}  // namespace net
