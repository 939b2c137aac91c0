#include "tools/statusd/trouble.h"

#include <charconv>
#include <cmath>

#include "common/cli/cli.h"

namespace statusd {

std::string parse_latency(std::string_view text, Trouble& out) {
  const std::string quoted = "'" + std::string(text) + "'";
  const std::size_t dots = text.find("..");
  const bool range = dots != std::string_view::npos;
  Trouble given = out;
  if (!net::parse_duration(text.substr(0, dots), given.latency_min) ||
      !net::parse_duration(range ? text.substr(dots + 2) : text, given.latency_max))
    return quoted + " is not a time or a range of times (try 100ms or 10ms..1s)";
  if (given.latency_min > given.latency_max) return quoted + " begins after its end";
  out = given;
  return "";
}

std::string parse_fail_rate(std::string_view text, Trouble& out) {
  const bool percent = text.ends_with('%');
  const std::string_view digits = text.substr(0, text.size() - (percent ? 1 : 0));
  const char* const end = digits.data() + digits.size();
  double rate = 0;
  const auto [rest, error] = std::from_chars(digits.data(), end, rate, std::chars_format::fixed);
  if (percent) rate /= 100;
  if (error != std::errc() || rest != end || std::signbit(rate) || !(rate <= 1))
    return "'" + std::string(text) + "' is not a share from 0 to 1 (try 0.1 or 10%)";
  out.fail_rate = rate;
  return "";
}

net::Millis Dice::latency(const Trouble& trouble) {
  std::uniform_int_distribution<net::Millis::rep> between(trouble.latency_min.count(),
                                                          trouble.latency_max.count());
  return net::Millis(between(random_));
}

bool Dice::fails(const Trouble& trouble) {
  return std::uniform_real_distribution<double>(0, 1)(random_) < trouble.fail_rate;
}

}  // namespace statusd
