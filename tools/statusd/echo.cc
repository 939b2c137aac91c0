#include "tools/statusd/echo.h"

#include <utility>
#include <vector>

#include "common/cli/json.h"
#include "common/cli/utf8.h"

namespace statusd {

using net::append_json_string;

static bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    char32_t c = 0;
    const std::size_t size = net::decode_utf8(text, c);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

static std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view three = bytes.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < three.size() ? static_cast<unsigned char>(three[k]) : 0);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= three.size() ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

static void append_fields(std::string& out, const net::http::Request& request) {
  std::vector<std::pair<std::string_view, std::string>> fields;
  for (const net::http::Field& field : request.fields) {
    bool known = false;
    for (auto& [name, value] : fields) {
      if (!net::http::equal_ignoring_case(name, field.name)) continue;
      value.append(", ").append(field.value);
      known = true;
    }
    if (!known) fields.emplace_back(field.name, field.value);
  }
  const char* separator = "{";
  for (const auto& [name, value] : fields) {
    out += std::exchange(separator, ",");
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  out += fields.empty() ? "{}" : "}";
}

std::string echo_json(const net::http::Request& request) {
  std::string out = "{\"method\":";
  append_json_string(out, request.method);
  out += ",\"target\":";
  append_json_string(out, request.target);
  out += ",\"version\":\"HTTP/1." + std::to_string(request.minor) + "\",\"fields\":";
  append_fields(out, request);
  out += ",\"body\":";
  if (is_utf8(request.body)) {
    append_json_string(out, request.body);
  } else {
    out += "null,\"body_base64\":";
    append_json_string(out, base64(request.body));
  }
  return out + "}\n";
}

}  // namespace statusd
