// stdio.h - standard input and output as one end of a relay, of whatever kind they are.
#pragma once

#include <functional>

#include "common/net/descriptor.h"
#include "common/net/timer.h"
#include "tools/netcat/channel/channel.h"

namespace netcat {

class Stdio final : public Channel {
 public:
  // The kind of standard input; kNothing is /dev/null, closed, or not open for reading.
  enum class Input { kNothing, kTerminal, kStream };

  explicit Stdio(net::Loop& loop);
  Input input() const { return input_; }
  // Sets functions that are called before and after every write to standard output; the second gets
  // the last byte written.
  void watch_output(std::function<void()> before, std::function<void(char)> after);

  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;  // closes standard output
  bool has_input() override;
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override;
  net::Task<net::Error> hangup() override;
  void cancel() override;
  int read_fd() const override;
  int write_fd() const override { return before_output_ ? -1 : out_.fd(); }
  void stop_reading() override;

 private:
  bool in_background() const;

  std::function<void()> before_output_;
  std::function<void(char)> after_output_;
  net::Descriptor in_;
  net::Descriptor out_;
  Input input_;
  bool orphaned_;     // a background job that no shell will bring to the foreground
  bool named_pipe_;   // standard output is one; its reader may come back
  net::Timer pause_;  // between checks of the foreground process group
  net::Timer never_;  // for hangup() of a named pipe
  bool canceled_ = false;
};

}  // namespace netcat
