// field.h - a header field that is added to every answer.
#pragma once

#include <string>
#include <string_view>

namespace statusd {

// NAME: VALUE, added to `lines` as it is sent.  Returns what is wrong with it, or nothing.
std::string parse_field(std::string_view text, std::string& lines);
// Whether a value can be sent: no control characters but the tab, no blanks at its ends.
bool is_field_value(std::string_view value);

}  // namespace statusd
