#include "tools/counterd/import.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace counterd {

std::optional<Entry> ListReader::next() {
  const bool first = !std::exchange(begun_, true);
  if (json_.failed() || (first && !json_.expect('['))) return std::nullopt;
  if (first ? !json_.take(']') : json_.take(',')) {
    Entry entry;
    return object(entry) ? std::optional(std::move(entry)) : std::nullopt;
  }
  if (!first && !json_.expect(']')) return std::nullopt;
  if (!json_.end()) json_.fail("unexpected data after the list");
  return std::nullopt;
}

bool ListReader::object(Entry& entry) {
  Members taken;
  if (!json_.expect('{')) return false;
  do {
    if (!member(entry, taken)) return false;
  } while (json_.take(','));
  if (!json_.expect('}')) return false;
  for (const Member required : {kNameAt, kValueAt})
    if (!taken[required])
      return json_.fail("a counter has no \"" + std::string(kMembers[required]) + "\"");
  const char* wrong = wrong_with_name(entry.name);
  return wrong == nullptr || json_.fail(wrong);
}

bool ListReader::member(Entry& entry, Members& taken) {
  std::string key;
  if (!json_.string(key) || !json_.expect(':')) return false;
  const auto at = static_cast<std::size_t>(std::ranges::find(kMembers, key) - kMembers.begin());
  if (at == kMembers.size()) return json_.fail("a counter has no member \"" + key + "\"");
  if (taken[at]) return json_.fail("\"" + key + "\" is given twice");
  taken.set(at);
  if (at == kNameAt) return json_.string(entry.name);
  if (at == kValueAt) return value(entry.counter.value);
  return time(at == kChangedAt ? entry.counter.changed : entry.counter.expires);
}

bool ListReader::value(std::int64_t& out) {
  const auto number = parse_value(json_.number());
  if (!number) return json_.fail("\"value\" is not a 64-bit integer");
  out = *number;
  return true;
}

bool ListReader::time(Time& out) {
  const auto time = parse_seconds(json_.number());
  if (!time) return json_.fail("a time is not a number of seconds since 1970");
  out = *time;
  return true;
}

// Parses "12.345" without converting it to a double, which cannot represent all times that the
// store can.
static std::optional<std::int64_t> exact_millis(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, dot));
  std::string_view fraction = text.substr(std::min(dot + 1, text.size()));
  while (fraction.size() > 3 && fraction.ends_with('0')) fraction.remove_suffix(1);
  const bool plain = fraction.size() <= 3 && (dot == text.size() || !fraction.empty()) &&
                     fraction.find_first_not_of("0123456789") == std::string_view::npos &&
                     !digits.empty() && digits != "-";
  if (!plain) return std::nullopt;
  digits.append(fraction).append(3 - fraction.size(), '0');
  return parse_value(digits);
}

std::optional<Time> parse_seconds(std::string_view text) {
  if (const auto millis = exact_millis(text)) return Time(Millis(*millis));
  constexpr double kSecondsMax = 9.2e15;  // about what fits into 64 bits as milliseconds
  double seconds = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  if (!(std::abs(seconds) <= kSecondsMax)) return std::nullopt;
  return Time(Millis(std::llround(seconds * 1000)));
}

}  // namespace counterd
