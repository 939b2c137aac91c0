// program.h - the pipes to and from a program as one end of a relay.
#pragma once

#include "common/net/fd.h"
#include "common/net/timer.h"
#include "common/net/watch.h"
#include "tools/netcat/channel/channel.h"

namespace netcat {

class ProgramPipes final : public Channel {
 public:
  // Our ends of its standard input and output, non-blocking.
  ProgramPipes(net::Loop& loop, net::Fd input, net::Fd output);

  // Call it when the program has exited.  Only what is in the pipe now is still read, even if a
  // process that the program left behind keeps the pipe open.
  void program_ended();
  // All of the output has been read.
  bool at_end() const { return at_end_; }

  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  // Discards input that the program does not read, so that the peer does not notice.
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;
  bool has_input() override;
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override;
  net::Task<net::Error> hangup() override;
  void cancel() override;
  // There is no write_fd(), because splice(2) would not discard what the program does not read.
  int read_fd() const override { return output_.get(); }

 private:
  void widen();

  net::Fd input_;
  net::Fd output_;
  net::Watch input_watch_;
  net::Watch output_watch_;
  net::Timer never_;
  bool widened_ = false;
  bool program_ended_ = false;
  bool at_end_ = false;
  bool canceled_ = false;
};

}  // namespace netcat
