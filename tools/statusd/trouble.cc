#include "tools/statusd/trouble.h"

#include <charconv>
#include <cmath>

#include "common/net/address.h"

namespace statusd {

std::string parse_share(std::string_view text, double& out) {
  const bool percent = text.ends_with('%');
  const std::string_view digits = text.substr(0, text.size() - (percent ? 1 : 0));
  const char* const end = digits.data() + digits.size();
  double rate = 0;
  const auto [rest, error] = std::from_chars(digits.data(), end, rate, std::chars_format::fixed);
  if (percent) rate /= 100;
  if (error != std::errc() || rest != end || std::signbit(rate) || !(rate <= 1))
    return "'" + std::string(text) + "' is not a share from 0 to 1 (try 0.1 or 10%)";
  out = rate;
  return "";
}

std::string parse_body_rate(std::string_view text, std::uint64_t& out) {
  constexpr std::uint64_t kMax = std::uint64_t{1} << 40;
  const std::string quoted = "'" + std::string(text) + "'";
  std::uint64_t unit = 1;
  if (text.ends_with('K')) unit = 1 << 10;
  if (text.ends_with('M')) unit = 1 << 20;
  if (unit > 1) text.remove_suffix(1);
  if (!net::parse_number(text, 1, kMax / unit, out))
    return quoted + " is not a number of bytes per second (try 500, 10K or 1M)";
  out *= unit;
  return "";
}

net::Millis Dice::latency(const Trouble& trouble) {
  std::uniform_int_distribution<net::Millis::rep> between(trouble.latency.min.count(),
                                                          trouble.latency.max.count());
  return net::Millis(between(random_));
}

bool Dice::falls(double share) {
  return share > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < share;
}

}  // namespace statusd
