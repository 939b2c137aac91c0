#include "common/http/gate.h"

#include <algorithm>
#include <array>

#include "common/cli/utf8.h"
#include "common/http/message.h"
#include "common/http/target.h"

namespace net::http {

namespace {

constexpr std::size_t kLengthDigitsMax = 15;  // sums of such lengths cannot overflow

constexpr std::array<bool, 256> text_bytes() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 256; ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}

constexpr std::array<bool, 256> token_bytes() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr auto kText = text_bytes();
constexpr auto kToken = token_bytes();

// A URI is ASCII, but curl sends UTF-8 as it was typed, which is unambiguous.
constexpr std::array<bool, 256> target_bytes() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x21; c < 256; ++c) table[c] = c != '#' && c != 0x7f;
  return table;
}
constexpr auto kTarget = target_bytes();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_utf8(std::string_view text) {
  const auto above_ascii = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  for (auto at = std::ranges::find_if(text, above_ascii); at != text.end();) {
    char32_t c = 0;
    const std::size_t size = decode_utf8({at, text.end()}, c);
    if (size == 0) return false;
    at = std::find_if(at + static_cast<std::ptrdiff_t>(size), text.end(), above_ascii);
  }
  return true;
}

// The number of bytes at the front that are in the table.
std::size_t span(std::string_view text, const std::array<bool, 256>& table) {
  std::size_t n = 0;
  while (n < text.size() && table[static_cast<unsigned char>(text[n])]) ++n;
  return n;
}

}  // namespace

bool take_token(std::string_view& text) {
  const std::size_t size = span(text, kToken);
  text.remove_prefix(size);
  return size > 0;
}

bool split_field(std::string_view line, std::string_view& name, std::string_view& value) {
  const std::size_t size = span(line, kToken);
  if (size == 0 || size == line.size() || line[size] != ':') return false;
  name = line.substr(0, size);
  value = line.substr(size + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return true;
}

Progress Lines::next(std::string_view text, std::string_view& line) {
  at_ += span(text.substr(at_), kText);
  too_long_ = at_ >= bytes_max_;
  if (too_long_) return Progress::kRefused;
  if (at_ == text.size()) return Progress::kPartial;
  if (text[at_] != '\r') return Progress::kRefused;
  if (at_ + 1 == text.size()) return Progress::kPartial;
  if (text[at_ + 1] != '\n') return Progress::kRefused;
  line = text.substr(line_, at_ - line_);
  line_ = at_ += 2;
  return Progress::kComplete;
}

Progress HeadGate::check(std::string_view input) {
  std::string_view line;
  for (;;) {
    const Progress progress = lines_.next(input, line);
    if (progress == Progress::kPartial) return progress;
    if (progress == Progress::kRefused) {
      refusal_ = lines_.too_long()
                     ? too_large(input)
                     : Refusal{400, "The request has a control byte or a broken line end."};
    } else if (minor_ < 0) {
      if (line.empty()) {  // RFC 9112, 2.2: some clients send one after a body
        begin_ = lines_.end();
        lines_.limit(begin_ + kRequestLineMax + 1);
        continue;
      }
      refusal_ = check_request_line(line);
      lines_.limit(begin_ + kHeadBytesMax - 1);  // the last line end has two bytes
    } else if (line.empty()) {
      refusal_ = check_whole();
      return refusal_ ? Progress::kRefused : Progress::kComplete;
    } else {
      refusal_ = check_field(line);
    }
    if (refusal_) return Progress::kRefused;
  }
}

Refusal HeadGate::too_large(std::string_view input) const {
  if (minor_ >= 0) return {431, "The head of the request is too large."};
  const std::size_t blank = input.substr(begin_, kRequestLineMax).find(' ');
  if (blank == std::string_view::npos) return {400, "The request line is malformed."};
  return {414, "The target of the request is too long."};
}

Refusal HeadGate::check_request_line(std::string_view line) {
  static constexpr Refusal kMalformed{400, "The request line is malformed."};
  const std::size_t method = span(line, kToken);
  if (method == 0 || method == line.size() || line[method] != ' ') return kMalformed;
  line.remove_prefix(method + 1);
  const std::size_t target = span(line, kTarget);
  if (target == 0 || target == line.size()) return kMalformed;
  if (line[target] != ' ' || !is_utf8(line.substr(0, target)))
    return {400, "The target of the request is malformed."};
  const std::string_view version = line.substr(target + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7]))
    return kMalformed;
  if (version[5] != '1' || version[7] > '1')
    return {505, "This server speaks HTTP/1.1 and HTTP/1.0."};
  minor_ = version[7] - '0';
  return {};
}

static Refusal check_content_length(std::string_view value, std::uint64_t& length) {
  static constexpr Refusal kMalformed{400, "The Content-Length is malformed."};
  if (value.empty() || value.size() > kLengthDigitsMax) return kMalformed;
  length = 0;
  for (const char c : value) {
    if (!is_digit(c)) return kMalformed;
    length = length * 10 + static_cast<unsigned>(c - '0');
  }
  return {};
}

// RFC 9112, 6.1 and 6.3: unknown codings are answered with 501; chunked must come last and only
// once.
static Refusal check_transfer_encoding(std::string_view value) {
  static constexpr Refusal kMalformed{400, "The Transfer-Encoding is malformed."};
  if (equal_ignoring_case(value, "chunked")) return {};
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    std::string_view coding = value.substr(0, comma);
    while (coding.ends_with(' ') || coding.ends_with('\t')) coding.remove_suffix(1);
    while (coding.starts_with(' ') || coding.starts_with('\t')) coding.remove_prefix(1);
    const bool last = comma == std::string_view::npos;
    if (coding.empty() || (!last && equal_ignoring_case(coding, "chunked"))) return kMalformed;
    if (last) return {501, "The only transfer coding supported is chunked."};
    value.remove_prefix(comma + 1);
  }
  return kMalformed;
}

Refusal HeadGate::check_field(std::string_view line) {
  if (++fields_ > kFieldsMax) return {431, "The request has too many fields."};
  std::string_view name, value;
  if (!split_field(line, name, value)) return {400, "A field of the request is malformed."};
  if (name.size() == 4 && equal_ignoring_case(name, "host")) {
    if (++hosts_ > 1) return {400, "The request has more than one Host."};
    if (!is_host(value) || (value.empty() && minor_ > 0)) return {400, "The Host is malformed."};
  } else if (name.size() == 14 && equal_ignoring_case(name, "content-length")) {
    if (sized_) return {400, "The request has more than one Content-Length."};
    sized_ = true;
    return check_content_length(value, content_length_);
  } else if (name.size() == 17 && equal_ignoring_case(name, "transfer-encoding")) {
    if (minor_ == 0) return {400, "HTTP/1.0 has no Transfer-Encoding."};
    if (chunked_) return {400, "The request has more than one Transfer-Encoding."};
    chunked_ = true;
    return check_transfer_encoding(value);
  } else if (name.size() == 6 && equal_ignoring_case(name, "expect")) {
    expects_continue_ = equal_ignoring_case(value, "100-continue");
    if (!expects_continue_) return {417, "The only expectation supported is 100-continue."};
  }
  return {};
}

Refusal HeadGate::check_whole() const {
  if (minor_ > 0 && hosts_ == 0) return {400, "The request has no Host."};
  if (sized_ && chunked_) return {400, "The request has a Content-Length and a Transfer-Encoding."};
  return {};
}

}  // namespace net::http
