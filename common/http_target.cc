#include "common/http_target.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "common/http_message.h"

namespace net::http {

static constexpr std::string_view kDigits = "0123456789";
static constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

static constexpr std::array<bool, 256> reg_name_bytes() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("-._~!$&'()*+,;=0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}

static bool is_reg_name(std::string_view text) {
  static constexpr auto kBytes = reg_name_bytes();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kBytes[static_cast<unsigned char>(text[i])]) continue;
    const std::string_view hex = text.substr(i + 1, 2);
    if (text[i] != '%' || hex.size() < 2 || hex.find_first_not_of(kHexDigits) != hex.npos)
      return false;
    i += 2;
  }
  return true;
}

bool is_host(std::string_view text) {
  std::size_t host = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || bracket < 3) return false;
    const std::string_view ip = text.substr(1, bracket - 1);
    if (ip.find_first_not_of("0123456789abcdefABCDEF:.") != ip.npos) return false;
    if (ip.find(':') == ip.npos) return false;
    host = bracket + 1;
    if (host < text.size() && text[host] != ':') return false;
  } else if (!is_reg_name(text.substr(0, host))) {
    return false;
  }
  if (host >= text.size()) return true;
  return host > 0 && text.find_first_not_of(kDigits, host + 1) == text.npos;
}

// Strips "http://host" off `text`; false if there is something else.
static bool strip_authority(std::string_view& text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, colon);
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) return false;
  text.remove_prefix(colon + 3);
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  text.remove_prefix(authority.size());
  return !authority.empty() && is_host(authority);
}

bool parse_target(std::string_view method, std::string_view text, Target& target) {
  if (text == "*") {
    target = {text, {}};
    return method == "OPTIONS";
  }
  const bool absolute = !text.starts_with('/');
  if (absolute && !strip_authority(text)) return false;
  const std::size_t mark = text.find('?');
  target.path = text.substr(0, mark);
  target.query = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
  if (target.path.empty()) target.path = "/";
  return true;
}

}  // namespace net::http
