// broker.h - the local end of --broker: what one client sends becomes the input of the others.
#pragma once

#include <string>
#include <utility>

#include "common/net/timer.h"
#include "tools/netcat/channel/channel.h"

namespace netcat {

class Broker final : public Channel {
 public:
  // input: also goes to every client, and must outlive this object; null: none.
  Broker(net::Loop& loop, Channel* input) : input_(input), heard_(loop), room_(loop) {}

  // Whether the data that try_read() returned last came from a client.
  bool is_from_client() const { return is_from_client_; }
  // Must be awaited, after cancel().
  auto close() { return watching_.wait(); }

  // End of file of `input` is ignored.
  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  // Accepts one piece at a time: the next one after that has been read.
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override { return {}; }
  bool has_input() override;
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override;
  net::Task<net::Error> hangup() override;
  void cancel() override;

 private:
  net::Task<> watch_input();

  Channel* input_;
  std::string said_;  // from a client, not read yet
  net::Timer heard_;  // woken when there is something to read
  net::Timer room_;   // woken when it has been read
  net::WaitGroup watching_;
  bool is_watching_ = false;
  bool input_ended_ = false;
  bool input_ready_ = false;
  bool is_from_client_ = false;
  bool canceled_ = false;
};

}  // namespace netcat
