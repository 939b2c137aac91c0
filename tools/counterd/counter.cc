#include "tools/counterd/counter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/cli/utf8.h"

namespace counterd {

const char* wrong_with_name(std::string_view name) {
  if (name.empty()) return "name is empty";
  if (name.size() > kNameBytesMax) return "name is longer than 255 bytes";
  while (!name.empty()) {
    char32_t c = 0;
    const std::size_t size = net::decode_utf8(name, c);
    if (size == 0) return "name is not UTF-8";
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return "name has a control character";
    name.remove_prefix(size);
  }
  return nullptr;
}

std::optional<std::int64_t> parse_value(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::optional<Millis> parse_ttl(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || !(number > 0)) return std::nullopt;
  constexpr double kTenYears = 3653.0 * 86'400'000;
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  const auto* unit = std::ranges::find(kUnits, suffix, &std::pair<std::string_view, double>::first);
  if (unit == std::end(kUnits) || number * unit->second > kTenYears) return std::nullopt;
  return Millis(static_cast<std::int64_t>(std::ceil(number * unit->second)));
}

// The sum, or nothing if it exceeds the command's bounds and the command does not saturate.
static std::optional<std::int64_t> sum_of(const Command& command, std::int64_t before) {
  std::int64_t sum = 0;
  const bool overflows = __builtin_add_overflow(before, command.value, &sum);
  if (!overflows && command.min <= sum && sum <= command.max) return sum;
  if (!command.saturates) return std::nullopt;
  if (overflows) return command.value > 0 ? command.max : command.min;
  return std::clamp(sum, command.min, command.max);
}

// The value after the command, or nothing if the sum overflows.
static std::optional<std::int64_t> new_value(const Command& command, std::int64_t before) {
  switch (command.kind) {
    case Command::kSet:
    case Command::kCas:
    case Command::kImport:
      return command.value;
    case Command::kInc:
      return sum_of(command, before);
    case Command::kReset:
      return 0;
    case Command::kGet:
    case Command::kDelete:
      break;
  }
  return before;
}

// The time to live that ttl=renew restarts: the stored one, or else the time from the last change
// to the expiry.
static Millis lifetime(const Counter& counter) {
  if (counter.expires == kNever || counter.ttl > Millis::zero()) return counter.ttl;
  std::int64_t millis = 0;
  if (counter.changed == kNever ||
      __builtin_sub_overflow(counter.expires.time_since_epoch().count(),
                             counter.changed.time_since_epoch().count(), &millis))
    return Millis::zero();
  return Millis(std::max(millis, std::int64_t{0}));
}

static Time end_of(Time now, Millis ttl) {
  return ttl < Time::max() - now ? now + ttl : Time::max();
}

static void set_times(const Command& command, bool created, Time now, Counter& counter) {
  const Millis known = created ? Millis::zero() : lifetime(counter);
  counter.changed = command.changed != kNever ? command.changed : now;
  if (command.kind == Command::kImport) {
    counter.expires = command.expires;
    counter.ttl = Millis::zero();
    counter.ttl = lifetime(counter);
  } else if (created || command.renews) {
    counter.ttl = command.ttl > Millis::zero() ? command.ttl : known;
    if (counter.ttl > Millis::zero()) counter.expires = end_of(now, counter.ttl);
  }
}

Applied apply(const Command& command, const Counter* existing, Time now) {
  if (existing != nullptr && existing->expired(now)) existing = nullptr;
  const bool created = existing == nullptr;
  Counter counter;
  if (!created) counter = *existing;
  Applied applied{{.before = counter.value, .counter = counter}, std::nullopt};
  if (!created && command.kind != Command::kDelete) applied.counter = counter;

  const auto value = new_value(command, counter.value);
  if (created && !(creates(command.kind) && command.may_create)) {
    applied.outcome.status = Outcome::kNotFound;
  } else if (command.kind == Command::kCas && counter.value != command.expected) {
    applied.outcome.status = Outcome::kMismatch;
  } else if (!value) {
    applied.outcome.status = Outcome::kOverflow;
  } else if (command.kind != Command::kGet && command.kind != Command::kDelete) {
    counter.value = *value;
    set_times(command, created, now, counter);
    applied.outcome.counter = counter;
    applied.counter = counter;
    if (counter.expired(now)) applied.counter.reset();
  }
  return applied;
}

}  // namespace counterd
