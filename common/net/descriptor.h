// descriptor.h - reads and writes a descriptor of any kind: a socket of ours, or standard input or
// output, which may be a file, pipe, socket, terminal or device, or closed.
//
// O_NONBLOCK belongs to the open file description, which we may share with other processes, so it
// is never changed.  A pipe or terminal is opened a second time, and a socket is used with
// MSG_DONTWAIT; if neither is possible, poll(2) precedes each small, blocking call.
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
  // Opens `file` for writing, whatever kind it is.
  static Descriptor output(Loop& loop, Fd file);
  // A connected, non-blocking socket.
  Descriptor(Loop& loop, Fd socket);
  Descriptor(Descriptor&&) = default;

  // Reads what is available now; UV_EAGAIN: nothing; 0: end of file; UV_EMSGSIZE: a message of a
  // datagram or seqpacket socket was longer than `buffer` and is lost.
  Result<std::size_t> try_read(std::span<char> buffer);
  // Writes what is accepted now; `data` is not empty.  UV_EAGAIN: nothing was accepted.
  Result<std::size_t> try_write(std::string_view data);
  // The same for several pieces, with one system call if possible.
  Result<std::size_t> try_writev(std::span<const iovec> pieces);
  Error shutdown();        // half-close; for sockets only
  void close();            // also cancels; a standard descriptor becomes /dev/null
  bool has_input() const;  // data or end of file, so a read would not block

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

// Waits for input and reads it; 0 is end of file.
Task<Result<std::size_t>> read(Descriptor& from, std::span<char> buffer);
// Writes all of `data`.
Task<Error> write(Descriptor& to, std::string_view data);

}  // namespace net
