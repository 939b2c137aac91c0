// letter_case.h - upper and lower case of UTF-8 text, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace reverbd {

// Convert letter by letter, like towupper(3) and towlower(3).  Bytes that are not UTF-8 stay
// unchanged.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
// Whether the system has the locale that both functions need; without it they change nothing.
bool has_letter_case();

}  // namespace reverbd
