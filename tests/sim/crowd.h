// crowd.h - several simulated clients of one hub (-k): generated from a seed, run, and judged.
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/single.h"
#include "tools/netcat/hub.h"

namespace sim {

struct Crowd {
  struct Client {
    explicit Client(World& world, int who) : shape(world, who) {}
    Remote shape;  // generated; the hub owns a copy
    Remote* remote = nullptr;
    Ms comes_at = 0;
    bool left = false;
    Ms left_at = 0;
    netcat::Verdict verdict;
    // What judging needs after the connection is gone.
    std::string received;
    std::string content;
    std::size_t acknowledged = 0;
    std::size_t taken = 0;
    bool resets = false;
    int finishes = 0;
  };

  Crowd(net::Loop& loop, std::uint64_t seed);
  net::Task<> run();

  World world;
  netcat::Options options;
  netcat::Stdio::Input input = netcat::Stdio::Input::kStream;
  Local local;
  std::vector<std::unique_ptr<Client>> clients;
  netcat::Terms terms;
  netcat::Verdict verdict;
  Ms end_at = 0;
};

void judge(const Crowd& run);

}  // namespace sim
