#include "tools/netcat/json_line.h"

#include <cstdio>

#include "common/cli/utf8.h"

namespace netcat {

std::string JsonLine::quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    char32_t c = 0;
    const std::size_t size = net::decode_utf8(text, c);
    if (size == 0) {
      out += "\\ufffd";
    } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {  // a terminal may be reading
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out + '"';
}

JsonLine& JsonLine::add_raw(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? "{" : ",";
  text_ += quoted(name) + ":";
  text_ += value;
  return *this;
}

JsonLine& JsonLine::add(std::string_view name, std::string_view text) {
  return add_raw(name, quoted(text));
}

JsonLine& JsonLine::add(std::string_view name, std::uint64_t number) {
  return add_raw(name, std::to_string(number));
}

JsonLine& JsonLine::add(std::string_view name, double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", number);
  return add_raw(name, text);
}

}  // namespace netcat
