// channel.h - one end of a relay: a source and a sink of bytes.
//
// The local end is standard input and output (stdio) or one client's share of them (seat); the
// remote end is a connection (socket).  A new kind of either end only has to implement this
// interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/net/result.h"
#include "common/net/task.h"

namespace netcat {

class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;

  // Reads what is available, at most buffer.size() bytes; UV_EAGAIN: nothing yet; 0: end of input.
  virtual net::Result<std::size_t> try_read(std::span<char> buffer) = 0;
  // Writes at least one byte of `data`, which is not empty; UV_EAGAIN: cannot write now.
  virtual net::Result<std::size_t> try_write(std::string_view data) = 0;
  // Half-closes: the other side reads end of file after everything that was written.  UV_EAGAIN:
  // call it again once writable.
  virtual net::Error finish() = 0;

  // Whether try_read() would return something other than UV_EAGAIN: data, end of input or an error.
  virtual bool has_input() = 0;
  // False: this end has no room, so nothing should be read for it yet.
  virtual bool has_room() { return true; }

  // Wait until try_read() or try_write() may return something other than UV_EAGAIN; UV_ECANCELED
  // after cancel().  One waiter each.
  virtual net::Task<net::Error> readable() = 0;
  virtual net::Task<net::Error> writable() = 0;
  // Waits until written data can no longer arrive, and returns why: UV_EPIPE (the reader
  // has left, or closed), UV_ECONNRESET, UV_ETIMEDOUT; UV_ECANCELED after cancel().
  virtual net::Task<net::Error> hangup() = 0;
  // Ends every wait, now and later, with UV_ECANCELED.
  virtual void cancel() = 0;

  // Like try_read(), but does not consume the data; UV_ENOTSUP: not supported.
  virtual net::Result<std::size_t> try_peek(std::span<char>) { return net::Error(UV_ENOTSUP); }

  // --- where the kernel may move the bytes itself (splice, sendfile) ---
  virtual int read_fd() const { return -1; }  // -1: not possible
  virtual int write_fd() const { return -1; }

  // --- a remote end ---
  // The connection's descriptor, for querying its state but not for its data; -1: there is none.
  virtual int connection() const { return -1; }
  // While true, closing the connection resets it, and so does the death of this process.
  virtual void reset_on_close(bool) {}
  // Bytes that have crossed the connection so far, in both directions, including those that
  // encryption adds; 0: nothing but data crosses it.
  virtual std::uint64_t traffic() const { return 0; }
  // The number of bytes that the peer's host has not acknowledged; the half-close counts.  An error
  // means that they never will be.
  virtual net::Result<std::size_t> undelivered() { return std::size_t{0}; }
  // Bytes that try_write() has accepted and the peer's host has not acknowledged; also valid after
  // the connection is lost.
  virtual std::size_t unacknowledged() const { return 0; }
  // From now on hangup() also detects that the peer's host is gone while nothing is sent.
  virtual void probe_peer() {}
  // A sentence for why reading or writing failed; empty: use the error's text.
  virtual std::string failure() const { return {}; }
  // Variables for a program's environment, in addition to the addresses: names and values.
  virtual std::vector<std::pair<std::string, std::string>> facts() const { return {}; }
  // How the peer ended TLS: "close_notify" or "missing"; empty without TLS.
  virtual std::string tls_end() const { return {}; }

  // --- a local end ---
  // Nothing more will be read.  Typed input is discarded, so that the shell does not get it; a pipe
  // is closed, so that a program that reads our output and writes our input is not stuck.
  virtual void stop_reading() {}
  // Whether this end holds the data up itself, so that the time does not count as idle.
  virtual bool holds_up() { return false; }
};

}  // namespace netcat
