#include "common/cli/json.h"

#include <cstdio>

#include "common/cli/utf8.h"

namespace net {

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    char32_t c = 0;
    const std::size_t size = decode_utf8(text, c);
    const std::size_t taken = size == 0 ? 1 : size;
    if (size == 0) {
      out += "\\ufffd";
    } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {  // a terminal may be reading
      char escape[sizeof "\\u00000000"];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

}  // namespace net
