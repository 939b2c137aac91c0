// field.h - a header field that is added to every answer.
#pragma once

#include <string>
#include <string_view>

namespace statusd {

// Parses NAME: VALUE and appends it to `lines` in the form that is sent.  Returns an error, or an
// empty string.
std::string parse_field(std::string_view text, std::string& lines);
// The name of a field among `lines` that --allow-origin sends, too; empty if there is none.
std::string cors_field_in(const std::string& lines);
// Whether a value can be sent: no control characters but the tab, no leading or trailing blanks.
bool is_field_value(std::string_view value);

}  // namespace statusd
