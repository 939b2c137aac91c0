// socket.h - a connection as one end of a relay: TCP or a Unix-domain stream.
#pragma once

#include "common/net/descriptor.h"
#include "tools/netcat/channel/channel.h"

namespace netcat {

class Socket final : public Channel {
 public:
  // A connected, non-blocking socket.
  Socket(net::Loop& loop, net::Fd socket);

  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_peek(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;
  bool has_input() override { return conn_.has_input(); }
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override;
  net::Task<net::Error> hangup() override;
  void cancel() override { conn_.cancel(); }
  int read_fd() const override { return conn_.fd(); }
  int write_fd() const override { return conn_.fd(); }
  int connection() const override { return conn_.fd(); }
  void reset_on_close(bool on) override;
  net::Result<std::size_t> undelivered() override;
  std::size_t unacknowledged() const override;
  void probe_peer() override;

 private:
  net::Descriptor conn_;
  bool is_tcp_;
  bool finished_ = false;
  bool was_reset_ = false;  // a write has reported a reset
};

}  // namespace netcat
