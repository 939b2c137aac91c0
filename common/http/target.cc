#include "common/http/target.h"

#include <algorithm>
#include <array>

#include "common/cli/hex.h"
#include "common/http/message.h"

namespace net::http {

static constexpr std::string_view kIpBytes = "0123456789abcdefABCDEF:.";

static constexpr std::array<bool, 256> reg_name_bytes() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("-._~!$&'()*+,;=0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}

static bool is_unreserved(unsigned char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

static bool is_path_byte(unsigned char c) {
  return is_unreserved(c) ||
         std::string_view("/!$&'()*+,;=:@").find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_canonical(std::string_view path) {
  return std::ranges::all_of(
      path, [](char c) { return c == '/' || is_unreserved(static_cast<unsigned char>(c)); });
}

std::string canonical_path(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    auto c = static_cast<unsigned char>(path[i]);
    const bool escaped = c == '%' && i + 2 < path.size() && hex_digit(path[i + 1]) >= 0 &&
                         hex_digit(path[i + 2]) >= 0;
    if (escaped) {
      c = static_cast<unsigned char>(hex_digit(path[i + 1]) << 4 | hex_digit(path[i + 2]));
      i += 2;
    }
    if (escaped ? is_unreserved(c) : is_path_byte(c))
      out.push_back(static_cast<char>(c));
    else
      (out += '%').append({kHex[c >> 4], kHex[c & 15]});
  }
  return out;
}

// The length of the name or address at the front of `text`; npos if there is none.
static std::size_t host_size(std::string_view text) {
  static constexpr auto kBytes = reg_name_bytes();
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    const std::string_view ip = text.substr(1, bracket - 1);
    const bool is_ip = ip.find(':') != ip.npos && ip.find_first_not_of(kIpBytes) == ip.npos;
    return bracket != text.npos && is_ip ? bracket + 1 : text.npos;
  }
  for (std::size_t i = 0;; i += 3) {
    while (i < text.size() && kBytes[static_cast<unsigned char>(text[i])]) ++i;
    if (i == text.size() || text[i] != '%') return i;
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
      return text.npos;
  }
}

bool is_host(std::string_view text) {
  std::size_t at = host_size(text);
  if (at == text.npos) return false;
  if (at == text.size()) return true;
  if (at == 0 || text[at] != ':') return false;
  do ++at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9');
  return at == text.size();
}

// Removes "http://host" from the front of `text`; false if there is something else.
static bool take_authority(std::string_view& text, std::string_view& host) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, colon);
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) return false;
  text.remove_prefix(colon + 3);
  host = text.substr(0, text.find_first_of("/?"));
  text.remove_prefix(host.size());
  return !host.empty() && is_host(host);
}

bool parse_target(std::string_view method, std::string_view text, Target& target) {
  if (text == "*") {
    target = {text, {}, {}};
    return method == "OPTIONS";
  }
  const bool absolute = !text.starts_with('/');
  if (absolute && !take_authority(text, target.host)) return false;
  const std::size_t mark = text.find('?');
  target.path = text.substr(0, mark);
  target.query = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
  if (target.path.empty()) target.path = "/";
  return true;
}

}  // namespace net::http
