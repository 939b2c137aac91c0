// program.h - a simulated program at netcat's local end (--exec): generated from a seed, run over a
// connection with or without simulated TLS, and judged.
#pragma once

#include <memory>

#include "tests/sim/single.h"

namespace sim {

// The program's output, `in`, and its input, `out`, as the relay sees them.
class ProgramEnds final : public netcat::Channel {
 public:
  ProgramEnds(World& world, Local& pipes) : world_(world), pipes_(pipes) {}

  void program_ended();
  bool at_end() const { return at_end_; }

  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override { return pipes_.finish(); }
  bool has_input() override { return ended_ || pipes_.has_input(); }
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override { return pipes_.writable(); }
  net::Task<net::Error> hangup() override;
  void cancel() override;

 private:
  World& world_;
  Local& pipes_;
  net::Timer never_{world_.loop()};
  bool ended_ = false;
  bool at_end_ = false;
  bool canceled_ = false;
};

struct Program {
  Program(net::Loop& loop, std::uint64_t seed);
  net::Task<> run();

  World world;
  netcat::Options options;
  Local pipes;
  ProgramEnds local;
  Remote remote;
  std::unique_ptr<Records> records;
  bool truncated = false;
  Ms exits_at = 0;

  netcat::Verdict verdict;
  Ms end_at = 0;
};

void judge(const Program& run);

}  // namespace sim
