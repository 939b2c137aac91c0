// broker.h - the local end of --broker: what one client sends becomes the input of the others.
#pragma once

#include <string>
#include <utility>

#include "common/net/timer.h"
#include "tools/netcat/channel/channel.h"

namespace netcat {

class Broker final : public Channel {
 public:
  // input: what is for every client as well, and outlives it; null: nothing.
  Broker(net::Loop& loop, Channel* input) : input_(input), heard_(loop), room_(loop) {}

  // Whether a client sent what try_read() returned last.
  bool is_from_client() const { return is_from_client_; }
  // After cancel(); has to be awaited.
  auto close() { return watching_.wait(); }

  // The end of `input` has no effect.
  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  // One piece at a time, until it has been read.
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
  std::string said_;  // by a client, and not read yet
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
