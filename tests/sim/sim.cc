// netcat_sim [--seeds N] [--from S] [--print]: the core of netcat in simulated connections, one for
// each seed.  Stops at the first history that breaks the contract, prints it, and exits with 1.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/sim/crowd.h"
#include "tests/sim/single.h"

namespace {

net::Task<int> run_all(net::Loop& loop, std::uint64_t from, std::uint64_t seeds, bool print) {
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    if (seed % 4 == 3) {
      sim::Crowd run(loop, seed);
      co_await run.run();
      judge(run);
      if (print) run.world.print();
    } else {
      sim::Single run(loop, seed);
      co_await run.run();
      judge(run);
      if (print) run.world.print();
    }
  }
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 1;
  std::uint64_t from = 0;
  bool print = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--print") == 0)
      print = true;
    else if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
      seeds = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--from") == 0 && i + 1 < argc)
      from = std::strtoull(argv[++i], nullptr, 10);
    else
      return std::fprintf(stderr, "usage: %s [--seeds N] [--from S] [--print]\n", argv[0]), 2;
  }
  net::Loop loop(net::Loop::Time::kVirtual);
  const int status = loop.run(run_all(loop, from, seeds, print));
  std::printf("%llu seeds from %llu: no finding\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(from));
  return status;
}
