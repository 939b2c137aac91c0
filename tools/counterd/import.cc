#include "tools/counterd/import.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "common/cli/utf8.h"

namespace counterd {

// As much of JSON (RFC 8259) as a list of counters has.
std::optional<Entry> ListReader::next() {
  const bool first = !std::exchange(begun_, true);
  if (!what_.empty() || (first && !expect('['))) return std::nullopt;
  if (first ? !take(']') : take(',')) {
    Entry entry;
    return object(entry) ? std::optional(std::move(entry)) : std::nullopt;
  }
  if (!first && !expect(']')) return std::nullopt;
  skip_blanks();
  if (!left_.empty()) fail("something follows the list");
  return std::nullopt;
}

std::string ListReader::why() const {
  if (what_.empty()) return "";
  const auto* end = text_.data() + (text_.size() - left_.size());
  return "line " + std::to_string(std::count(text_.data(), end, '\n') + 1) + ": " + what_;
}

bool ListReader::fail(std::string what) {
  if (what_.empty()) what_ = std::move(what);
  return false;
}

void ListReader::skip_blanks() {
  left_.remove_prefix(std::min(left_.find_first_not_of(" \t\r\n"), left_.size()));
}

bool ListReader::expect(char c) { return take(c) || fail(std::string("'") + c + "' is missing"); }

bool ListReader::take(char c) {
  skip_blanks();
  if (!left_.starts_with(c)) return false;
  left_.remove_prefix(1);
  return true;
}

bool ListReader::object(Entry& entry) {
  bool has_name = false;
  bool has_value = false;
  if (!expect('{')) return false;
  do {
    if (!member(entry, has_name, has_value)) return false;
  } while (take(','));
  if (!expect('}')) return false;
  if (!has_name) return fail("a counter has no \"name\"");
  if (!has_value) return fail("a counter has no \"value\"");
  const char* wrong = wrong_with_name(entry.name);
  return wrong == nullptr || fail(wrong);
}

bool ListReader::member(Entry& entry, bool& has_name, bool& has_value) {
  std::string key;
  if (!string(key) || !expect(':')) return false;
  if (key == "name") return has_name = string(entry.name);
  if (key == "value") return has_value = value(entry.counter.value);
  if (key == "changed") return time(entry.counter.changed);
  if (key == "expires") return time(entry.counter.expires);
  return fail("a counter has no member \"" + key + "\"");
}

bool ListReader::string(std::string& out) {
  out.clear();
  if (!take('"')) return fail("a string is missing");
  while (!left_.empty()) {
    const char c = left_.front();
    left_.remove_prefix(1);
    if (c == '"') return true;
    if (c != '\\')
      out.push_back(c);
    else if (!escape(out))
      return fail("a wrong escape sequence in a string");
  }
  return fail("a string does not end");
}

bool ListReader::escape(std::string& out) {
  if (left_.empty()) return false;
  const char c = left_.front();
  left_.remove_prefix(1);
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (const std::size_t at = kLetters.find(c); at != std::string_view::npos)
    return out.push_back(kMeanings[at]), true;
  char32_t unit = 0;
  if (c != 'u' || !code_unit(unit)) return false;
  if (unit >= 0xd800 && unit < 0xdc00) {  // the first half of a pair
    char32_t low = 0;
    if (!left_.starts_with("\\u")) return false;
    left_.remove_prefix(2);
    if (!code_unit(low) || low < 0xdc00 || low >= 0xe000) return false;
    unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  } else if (unit >= 0xdc00 && unit < 0xe000) {
    return false;
  }
  net::append_utf8(out, unit);
  return true;
}

bool ListReader::code_unit(char32_t& unit) {
  constexpr std::size_t kDigits = 4;
  if (left_.size() < kDigits) return false;
  std::uint32_t number = 0;
  const auto [rest, error] = std::from_chars(left_.data(), left_.data() + kDigits, number, 16);
  if (error != std::errc() || rest != left_.data() + kDigits) return false;
  left_.remove_prefix(kDigits);
  unit = number;
  return true;
}

std::string_view ListReader::number() {
  skip_blanks();
  const std::string_view text =
      left_.substr(0, std::min(left_.find_first_not_of("+-.0123456789eE"), left_.size()));
  left_.remove_prefix(text.size());
  return text;
}

bool ListReader::value(std::int64_t& out) {
  const auto number = parse_value(this->number());
  if (!number) return fail("\"value\" is not a whole number of 64 bits");
  out = *number;
  return true;
}

bool ListReader::time(Time& out) {
  constexpr double kSecondsMax = 1e11;  // some 3000 years
  const std::string_view text = number();
  double seconds = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || rest != text.data() + text.size() || !(seconds >= 0) ||
      seconds > kSecondsMax)
    return fail("a time is not a number of seconds since 1970");
  out = Time(Millis(std::llround(seconds * 1000)));
  return true;
}

}  // namespace counterd
