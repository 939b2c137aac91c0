// letter_case.h - Unicode's upper and lower case of UTF-8 text, in any locale.
#pragma once

#include <string>
#include <string_view>

namespace reverbd {

// Letter by letter, as towupper(3) and towlower(3) have it.  Bytes that are not UTF-8 stay as they
// are.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
// Whether the system has the locale that both functions need; without it they change nothing.
bool has_letter_case();

}  // namespace reverbd
