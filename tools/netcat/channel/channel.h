// channel.h - one end of a relay: a source and a sink of bytes.
//
// The local end is standard input and output (stdio) or a client's place in a crowd (seat); the
// remote end is a connection (socket).  A further kind of either needs nothing but this interface.
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

  // What is there now, at most buffer.size() bytes; UV_EAGAIN: nothing yet; 0: the end of input.
  virtual net::Result<std::size_t> try_read(std::span<char> buffer) = 0;
  // Takes at least one byte of `data`, which is not empty; UV_EAGAIN: nothing now.
  virtual net::Result<std::size_t> try_write(std::string_view data) = 0;
  // Nothing more is written: the other side reads the end of input after all that was written
  // (half-close).  UV_EAGAIN: call it again once writable.
  virtual net::Error finish() = 0;

  // try_read() would return something: data, the end or an error.
  virtual bool has_input() = 0;
  // False: there is no room for what would be read for this end, so read nothing yet.
  virtual bool has_room() { return true; }

  // Success once a try may return other than UV_EAGAIN; UV_ECANCELED after cancel().  One waiter
  // each.
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
  virtual int read_fd() const { return -1; }  // -1: it may not
  virtual int write_fd() const { return -1; }

  // --- a remote end ---
  // The connection's descriptor, to ask about it and not for its bytes; -1: there is none.
  virtual int connection() const { return -1; }
  // While true, closing the connection resets it, and so does the death of this process.
  virtual void reset_on_close(bool) {}
  // Bytes that have crossed the connection so far, in and out, those of encryption included; 0:
  // there are none but data.
  virtual std::uint64_t traffic() const { return 0; }
  // Bytes, and the half-close, that the peer's host has not acknowledged; an error: it never
  // will.
  virtual net::Result<std::size_t> undelivered() { return std::size_t{0}; }
  // Bytes that try_write() has taken and the peer's host has not acknowledged; also after a loss.
  virtual std::size_t unacknowledged() const { return 0; }
  // From now on hangup() also detects that the peer's host is gone while nothing is sent.
  virtual void probe_peer() {}
  // A sentence for why reading or writing failed; empty: use the error's text.
  virtual std::string failure() const { return {}; }
  // More variables for a program's environment, besides the addresses: names and values.
  virtual std::vector<std::pair<std::string, std::string>> facts() const { return {}; }
  // How the peer ended TLS: "close_notify" or "missing"; empty without TLS.
  virtual std::string tls_end() const { return {}; }

  // --- a local end ---
  // Nothing more will be read; typed input is discarded, so that the shell does not get it.
  virtual void stop_reading() {}
  // Whether it holds the bytes back for a reason of its own.
  virtual bool holds_up() { return false; }
};

}  // namespace netcat
