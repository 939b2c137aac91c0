// trouble.h - slowness and failures on purpose.
#pragma once

#include <random>
#include <string>
#include <string_view>

#include "common/cli/cli.h"

namespace statusd {

struct Trouble {
  net::MillisRange latency{};   // of each answer, at random from it
  double fail_rate = 0;         // the share of answers that are failures, 0 to 1
  double drop_rate = 0;         // the share that is replaced by closing the connection
  double reset_rate = 0;        // the share that is replaced by a reset
  std::uint64_t body_rate = 0;  // bytes of a body per second; 0: no limit
};

// 0.1 or 10%.  Returns what is wrong with it, or nothing.
std::string parse_share(std::string_view text, double& out);
// Bytes per second, as 500, 10K or 1M.
std::string parse_body_rate(std::string_view text, std::uint64_t& out);

// Decides at random for each answer.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  net::Millis latency(const Trouble& trouble);
  bool falls(double share);  // as often as that

 private:
  std::mt19937_64 random_;
};

}  // namespace statusd
