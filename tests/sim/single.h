// single.h - one simulated connection: generated from a seed, run, and judged.
#pragma once

#include <memory>

#include "tests/sim/records.h"
#include "tests/sim/world.h"
#include "tools/netcat/channel/stdio.h"
#include "tools/netcat/options.h"
#include "tools/netcat/relay/relay.h"

namespace sim {

struct Single {
  Single(net::Loop& loop, std::uint64_t seed);
  net::Task<> run();

  World world;
  netcat::Options options;
  netcat::Stdio::Input input = netcat::Stdio::Input::kStream;
  Local local;
  Remote remote;
  std::unique_ptr<Records> records;  // on top of `remote`, if TLS is simulated
  bool truncated = false;            // the peer ends without close_notify

  // The result.
  netcat::Verdict verdict;
  netcat::Terms terms;
  Ms end_at = 0;
};

// Generate what both kinds of run have in common.
void draw_source(World& world, Source& source, std::size_t most);
void draw_sink(World& world, Sink& sink, bool may_stick);
void draw_peer(World& world, Remote& remote, std::size_t most);
// Simulates TLS on top of `remote`.
std::unique_ptr<Records> draw_records(World& world, Remote& remote, bool& truncated);
void draw_options(World& world, netcat::Options& options);

// Checks the contract, independently of how netcat implements it; reports a violation with
// World::finding().
void judge(const Single& run);
std::string with_crlf(std::string_view text);

}  // namespace sim
