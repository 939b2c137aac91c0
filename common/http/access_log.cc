#include "common/http/access_log.h"

#include <cstdio>

namespace net::http {

static constexpr std::size_t kTargetBytesMax = 2048;  // longer ones are truncated, and end in "..."

static std::string time_text(std::time_t now) {
  std::tm local{};
  localtime_r(&now, &local);
  char text[64];
  std::strftime(text, sizeof text, "%d/%b/%Y:%H:%M:%S %z", &local);
  return text;
}

static std::string quotable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (out.size() >= kTargetBytesMax) return out + "...";
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      out += c;
      continue;
    }
    char hex[8];
    std::snprintf(hex, sizeof hex, "\\x%02X", static_cast<unsigned char>(c));
    out += hex;
  }
  return out;
}

std::string log_line(const Access& access, std::time_t now) {
  const auto or_minus = [](const std::string& text) { return text.empty() ? "-" : text; };
  std::string request = quotable(access.method);
  if (!request.empty())
    request += " " + quotable(access.target) + " HTTP/1." + std::to_string(access.minor);
  const std::string bytes = access.body_bytes == 0 ? "" : std::to_string(access.body_bytes);
  return or_minus(quotable(access.host)) + " - - [" + time_text(now) + "] \"" + or_minus(request) +
         "\" " + std::to_string(access.status) + " " + or_minus(bytes);
}

}  // namespace net::http
