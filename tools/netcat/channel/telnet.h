// telnet.h - a remote end that speaks telnet (RFC 854): netcat -t refuses every option that the
// peer negotiates and passes only the data on.
#pragma once

#include <string>

#include "tools/netcat/channel/channel.h"

namespace netcat {

// Separates data from commands, however the bytes are split.
class TelnetParser {
 public:
  // Removes the commands from `bytes`, in place, and appends the replies that they require:
  // DO x: WONT x, WILL x: DONT x.  Returns the number of bytes of data.
  std::size_t take(std::span<char> bytes, std::string& replies);

 private:
  enum class State { kData, kCommand, kDo, kWill, kIgnoredOption, kSubnegotiation, kSubCommand };
  // Returns true if the byte is data.
  bool take(char c, std::string& replies);
  State after_command(unsigned char command) const;

  State state_ = State::kData;
};

class Telnet final : public Channel {
 public:
  // `inner` must outlive this object.
  explicit Telnet(Channel& inner) : inner_(inner) {}

  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;
  bool has_input() override { return inner_.has_input(); }
  bool has_room() override { return inner_.has_room(); }
  net::Task<net::Error> readable() override { return inner_.readable(); }
  net::Task<net::Error> writable() override { return inner_.writable(); }
  net::Task<net::Error> hangup() override { return inner_.hangup(); }
  void cancel() override { inner_.cancel(); }
  int connection() const override { return inner_.connection(); }
  void reset_on_close(bool on) override { inner_.reset_on_close(on); }
  net::Result<std::size_t> undelivered() override;
  std::uint64_t traffic() const override { return inner_.traffic(); }
  void probe_peer() override { inner_.probe_peer(); }

 private:
  net::Error flush();

  Channel& inner_;
  TelnetParser parser_;
  std::string pending_;  // replies and escaped data, to be sent before anything else
  bool finished_ = false;
};

}  // namespace netcat
