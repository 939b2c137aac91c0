#include "tools/counterd/json_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "common/cli/utf8.h"

namespace counterd {

std::string JsonReader::why() const {
  if (what_.empty()) return "";
  const auto* end = text_.data() + (text_.size() - left_.size());
  return "line " + std::to_string(std::count(text_.data(), end, '\n') + 1) + ": " + what_;
}

bool JsonReader::fail(std::string what) {
  if (what_.empty()) what_ = std::move(what);
  return false;
}

void JsonReader::skip_blanks() {
  left_.remove_prefix(std::min(left_.find_first_not_of(" \t\r\n"), left_.size()));
}

bool JsonReader::expect(char c) { return take(c) || fail(std::string("'") + c + "' is expected"); }

bool JsonReader::take(char c) {
  skip_blanks();
  if (!left_.starts_with(c)) return false;
  left_.remove_prefix(1);
  return true;
}

bool JsonReader::string(std::string& out) {
  out.clear();
  if (!take('"')) return fail("a string is expected");
  while (!left_.empty()) {
    const char c = left_.front();
    left_.remove_prefix(1);
    if (c == '"') return true;
    if (static_cast<unsigned char>(c) < 0x20)
      return fail("a control character in a string is not escaped");
    if (c != '\\')
      out.push_back(c);
    else if (!escape(out))
      return fail("an invalid escape sequence in a string");
  }
  return fail("an unterminated string");
}

bool JsonReader::escape(std::string& out) {
  if (left_.empty()) return false;
  const char c = left_.front();
  left_.remove_prefix(1);
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (const std::size_t at = kLetters.find(c); at != std::string_view::npos)
    return out.push_back(kMeanings[at]), true;
  char32_t unit = 0;
  if (c != 'u' || !code_unit(unit)) return false;
  if (unit >= 0xd800 && unit < 0xdc00) {  // the first half of a surrogate pair
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

bool JsonReader::code_unit(char32_t& unit) {
  constexpr std::size_t kDigits = 4;
  if (left_.size() < kDigits) return false;
  std::uint32_t number = 0;
  const auto [rest, error] = std::from_chars(left_.data(), left_.data() + kDigits, number, 16);
  if (error != std::errc() || rest != left_.data() + kDigits) return false;
  left_.remove_prefix(kDigits);
  unit = number;
  return true;
}

std::string_view JsonReader::take_all_of(std::string_view characters) {
  skip_blanks();
  const std::string_view text =
      left_.substr(0, std::min(left_.find_first_not_of(characters), left_.size()));
  left_.remove_prefix(text.size());
  return text;
}

// Consumes digits; returns false if there are none.
static bool take_digits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(count);
  return count > 0;
}

// RFC 8259, section 6.
static bool is_number(std::string_view text) {
  const auto take_any = [&text](std::string_view characters) {
    const bool found = !text.empty() && characters.find(text.front()) != characters.npos;
    if (found) text.remove_prefix(1);
    return found;
  };
  (void)take_any("-");
  if (!take_any("0") && !take_digits(text)) return false;
  if (take_any(".") && !take_digits(text)) return false;
  if (take_any("eE")) {
    (void)take_any("+-");
    if (!take_digits(text)) return false;
  }
  return text.empty();
}

std::string_view JsonReader::number() {
  const std::string_view text = take_all_of("+-.0123456789eE");
  if (!text.empty() && !is_number(text)) fail("a malformed number");
  return failed() ? std::string_view() : text;
}
std::string_view JsonReader::word() { return take_all_of("abcdefghijklmnopqrstuvwxyz"); }

char JsonReader::peek() {
  skip_blanks();
  return left_.empty() ? '\0' : left_.front();
}

bool JsonReader::end() {
  skip_blanks();
  return left_.empty();
}

}  // namespace counterd
