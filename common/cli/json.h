// json.h - JSON strings (RFC 8259, 7).
#pragma once

#include <string>
#include <string_view>

namespace net {

// Appends `text` as a JSON string with its quotes.  Invalid UTF-8 becomes U+FFFD; control
// characters are escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace net
