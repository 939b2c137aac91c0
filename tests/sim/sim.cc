// netcat_sim [--seeds N] [--from S] [--list FILE] [--print]: the core of netcat in simulated
// connections, one for each seed, those in FILE first.  Stops at the first history that breaks the
// contract, prints it, and exits with 1.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tests/sim/crowd.h"
#include "tests/sim/program.h"
#include "tests/sim/single.h"

namespace {

template <typename Run>
net::Task<> run_one(net::Loop& loop, std::uint64_t seed, bool print) {
  Run run(loop, seed);
  co_await run.run();
  judge(run);
  if (print) run.world.print();
}

net::Task<int> run_all(net::Loop& loop, const std::vector<std::uint64_t>& seeds, bool print) {
  for (const std::uint64_t seed : seeds) {
    if (seed % 4 == 3)
      co_await run_one<sim::Crowd>(loop, seed, print);
    else if (seed % 16 == 9)
      co_await run_one<sim::Program>(loop, seed, print);
    else
      co_await run_one<sim::Single>(loop, seed, print);
  }
  co_return 0;
}

std::vector<std::uint64_t> read_list(const char* path) {
  std::vector<std::uint64_t> seeds;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with('#')) seeds.push_back(std::strtoull(line.c_str(), nullptr, 10));
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t count = 1;
  std::uint64_t from = 0;
  std::vector<std::uint64_t> seeds;
  bool print = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--print") == 0)
      print = true;
    else if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
      count = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--from") == 0 && i + 1 < argc)
      from = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--list") == 0 && i + 1 < argc)
      seeds = read_list(argv[++i]);
    else
      return std::fprintf(stderr, "usage: %s [--seeds N] [--from S] [--list FILE] [--print]\n",
                          argv[0]),
             2;
  }
  for (std::uint64_t seed = from; seed < from + count; ++seed) seeds.push_back(seed);
  net::Loop loop(net::Loop::Time::kVirtual);
  const int status = loop.run(run_all(loop, seeds, print));
  std::printf("%zu seeds: no finding\n", seeds.size());
  return status;
}
