#include "tools/statusd/field.h"

#include <strings.h>

#include <algorithm>

namespace statusd {

// Fields that the server sets itself.
static constexpr const char* kReserved[] = {"Connection", "Content-Length",   "Content-Type",
                                            "Date",       "Keep-Alive",       "Trailer",
                                            "Upgrade",    "Transfer-Encoding"};

// Fields of CORS, which a client must not get twice.
static constexpr const char* kCors[] = {
    "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin",
    "Access-Control-Allow-Private-Network", "Access-Control-Max-Age"};

static bool is_token(std::string_view name) {  // RFC 9110, 5.6.2
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [kOthers](char c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return alnum || kOthers.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view value) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!value.empty() && (blank(value.front()) || blank(value.back()))) return false;
  return std::ranges::none_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

static std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string parse_field(std::string_view text, std::string& lines) {
  const std::string quoted = "'" + std::string(text) + "'";
  const std::size_t colon = text.find(':');
  const std::string name(text.substr(0, colon));
  if (colon == std::string_view::npos || !is_token(name)) return quoted + " is not 'NAME: VALUE'";
  const std::string value(trimmed(text.substr(colon + 1)));
  if (!is_field_value(value)) return quoted + " has a control character in its value";
  for (const char* reserved : kReserved) {
    if (strcasecmp(name.c_str(), reserved) != 0) continue;
    const bool type = std::string_view(reserved) == "Content-Type";
    return name + (type ? " is set with --content-type" : " is set by the server itself");
  }
  lines += name + ": " + value + "\r\n";
  return "";
}

std::string cors_field_in(const std::string& lines) {
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    const std::string name = lines.substr(at, lines.find(':', at) - at);
    for (const char* cors : kCors)
      if (strcasecmp(name.c_str(), cors) == 0) return name;
  }
  return "";
}

}  // namespace statusd
