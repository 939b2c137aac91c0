// trouble.h - deliberate delays and failures.
#pragma once

#include <random>
#include <string>
#include <string_view>

#include "common/cli/cli.h"

namespace statusd {

struct Trouble {
  net::MillisRange latency{};   // delay of each answer, random in this range
  double fail_rate = 0;         // the share of answers that fail, 0 to 1
  double drop_rate = 0;         // the share of requests answered by closing the connection
  double reset_rate = 0;        // the share of requests answered by a reset
  std::uint64_t body_rate = 0;  // bytes of a body per second; 0: no limit
};

// Parses 0.1 or 10%.  Returns an error, or an empty string.
std::string parse_share(std::string_view text, double& out);
// Parses bytes per second, such as 500, 10K or 1M.
std::string parse_body_rate(std::string_view text, std::uint64_t& out);

// Decides at random for each answer.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  net::Millis latency(const Trouble& trouble);
  bool falls(double share);  // true with this probability

 private:
  std::mt19937_64 random_;
};

}  // namespace statusd
