#include "tools/netcat/relay/rate_limit.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "common/cli/cli.h"

namespace netcat {

using net::Millis;

constexpr std::uint64_t kChunksPerSecond = 20;
constexpr Millis kCatchUp{50};  // the most unused time that counts: enough for a late timer

// The number of bytes in a unit, ignoring case: K and KiB are 1024, kB is 1000; 0 if it is not a
// unit.
static double bytes_in(std::string_view unit) {
  constexpr std::string_view kPrefixes = "kmg";
  std::string name(unit);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name.empty() || name == "b") return 1;
  const std::size_t power = kPrefixes.find(name[0]);
  const std::string suffix = name.substr(1);
  const bool known = suffix.empty() || suffix == "ib" || suffix == "b";
  if (power == kPrefixes.npos || !known) return 0;
  double bytes = 1;
  for (std::size_t i = 0; i <= power; ++i) bytes *= suffix == "b" ? 1000 : 1024;
  return bytes;
}

bool parse_rate(std::string_view text, std::uint64_t& out) {
  double value = 0;
  if (!net::take_decimal(text, value)) return false;
  value *= bytes_in(text);
  constexpr double kMost = 1e15;
  if (!(value > 0 && value <= kMost)) return false;
  out = static_cast<std::uint64_t>(net::round_up(value));
  return true;
}

std::size_t RateLimit::chunk() const {
  if (!is_set()) return SIZE_MAX;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(rate_ / kChunksPerSecond, 1, SIZE_MAX));
}

net::Task<> RateLimit::wait() {
  const auto left = std::chrono::ceil<Millis>(next_ - loop_.now());
  if (left <= Millis::zero()) co_return;
  (void)co_await timer_.wait(left);  // the caller checks for cancellation
}

void RateLimit::moved(std::size_t bytes) {
  if (!is_set()) return;
  const std::chrono::duration<double> time(static_cast<double>(bytes) / static_cast<double>(rate_));
  next_ = std::max(next_, loop_.now() - kCatchUp) +
          std::chrono::duration_cast<net::TimePoint::duration>(time);
}

}  // namespace netcat
