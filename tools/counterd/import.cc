#include "tools/counterd/import.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/utf8.h"

namespace counterd {

namespace {

// As much of JSON (RFC 8259) as a list of counters has.  Every function takes what it names off the
// front, and is false where something else stands there.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), left_(text) {}

  bool list(std::vector<Entry>& entries);
  std::string why() const;

 private:
  bool fail(std::string what) { return what_.empty() ? what_ = std::move(what), false : false; }
  void skip_blanks() {
    left_.remove_prefix(std::min(left_.find_first_not_of(" \t\r\n"), left_.size()));
  }
  bool take(char c);
  bool expect(char c) { return take(c) || fail(std::string("'") + c + "' is missing"); }
  bool object(Entry& entry);
  bool member(Entry& entry, bool& has_name, bool& has_value);
  bool string(std::string& out);
  bool escape(std::string& out);
  bool code_unit(char32_t& unit);
  std::string_view number();
  bool value(std::int64_t& out);
  bool time(Time& out);

  std::string_view text_;
  std::string_view left_;
  std::string what_;
};

bool Reader::take(char c) {
  skip_blanks();
  if (!left_.starts_with(c)) return false;
  left_.remove_prefix(1);
  return true;
}

bool Reader::list(std::vector<Entry>& entries) {
  if (!expect('[')) return false;
  if (!take(']')) {
    do {
      if (!object(entries.emplace_back())) return false;
    } while (take(','));
    if (!expect(']')) return false;
  }
  skip_blanks();
  return left_.empty() || fail("something follows the list");
}

bool Reader::object(Entry& entry) {
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

bool Reader::member(Entry& entry, bool& has_name, bool& has_value) {
  std::string key;
  if (!string(key) || !expect(':')) return false;
  if (key == "name") return has_name = string(entry.name);
  if (key == "value") return has_value = value(entry.counter.value);
  if (key == "changed") return time(entry.counter.changed);
  if (key == "expires") return time(entry.counter.expires);
  return fail("a counter has no member \"" + key + "\"");
}

bool Reader::string(std::string& out) {
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

bool Reader::escape(std::string& out) {
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

bool Reader::code_unit(char32_t& unit) {
  constexpr std::size_t kDigits = 4;
  if (left_.size() < kDigits) return false;
  std::uint32_t number = 0;
  const auto [rest, error] = std::from_chars(left_.data(), left_.data() + kDigits, number, 16);
  if (error != std::errc() || rest != left_.data() + kDigits) return false;
  left_.remove_prefix(kDigits);
  unit = number;
  return true;
}

std::string_view Reader::number() {
  skip_blanks();
  const std::string_view text =
      left_.substr(0, std::min(left_.find_first_not_of("+-.0123456789eE"), left_.size()));
  left_.remove_prefix(text.size());
  return text;
}

bool Reader::value(std::int64_t& out) {
  const auto number = parse_value(this->number());
  if (!number) return fail("\"value\" is not a whole number of 64 bits");
  out = *number;
  return true;
}

bool Reader::time(Time& out) {
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

std::string Reader::why() const {
  const auto line =
      std::count(text_.begin(), text_.end() - static_cast<std::ptrdiff_t>(left_.size()), '\n');
  return "line " + std::to_string(line + 1) + ": " + what_;
}

}  // namespace

bool parse_list(std::string_view json, std::vector<Entry>& entries, std::string& why) {
  Reader reader(json);
  if (reader.list(entries)) return true;
  why = reader.why();
  return false;
}

}  // namespace counterd
