#include "common/cli/json.h"

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
    } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {  // a terminal may get it
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += "\\u00";
      out += {kDigits[c >> 4], kDigits[c & 15]};
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

}  // namespace net
