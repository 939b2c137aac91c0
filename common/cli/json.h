// json.h - strings as JSON writes them (RFC 8259, 7).
#pragma once

#include <string>
#include <string_view>

namespace net {

// With its quotes.  What is not UTF-8 becomes U+FFFD, control characters are escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace net
