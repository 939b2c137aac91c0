#include "tools/counterd/counter.h"

#include <charconv>

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

// The value after the command; nothing where the sum overflows.
static std::optional<std::int64_t> new_value(const Command& command, std::int64_t before) {
  std::int64_t sum = 0;
  switch (command.kind) {
    case Command::kSet:
    case Command::kCas:
    case Command::kImport:
      return command.value;
    case Command::kInc:
      if (__builtin_add_overflow(before, command.value, &sum)) return std::nullopt;
      return sum;
    case Command::kReset:
      return 0;
    case Command::kGet:
    case Command::kDelete:
      break;
  }
  return before;
}

Applied apply(const Command& command, const Counter* existing, Time now) {
  if (existing != nullptr && existing->expired(now)) existing = nullptr;
  const bool created = existing == nullptr;
  if (created && !creates(command.kind)) return {{.status = Outcome::kNotFound}, std::nullopt};

  Counter counter;
  if (!created) counter = *existing;
  Outcome outcome{.before = counter.value, .counter = counter};
  if (command.kind == Command::kGet) return {outcome, counter};
  if (command.kind == Command::kDelete) return {outcome, std::nullopt};
  if (command.kind == Command::kCas && counter.value != command.expected) {
    outcome.status = Outcome::kMismatch;
    return {outcome, counter};
  }
  const auto value = new_value(command, counter.value);
  if (!value) {
    outcome.status = Outcome::kOverflow;
    return {outcome, counter};
  }
  counter.value = *value;
  counter.changed = command.changed != kNever ? command.changed : now;
  if (created && command.ttl > Millis::zero()) counter.expires = now + command.ttl;
  if (command.kind == Command::kImport) counter.expires = command.expires;
  outcome.counter = counter;
  if (counter.expired(now)) return {outcome, std::nullopt};
  return {outcome, counter};
}

}  // namespace counterd
