// parameters.h - the parameters of a request, as pairs: a query, a form, or an object in JSON.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace counterd {

// Takes a pair; returns an error, or an empty string.
using TakePair = std::function<std::string(std::string_view key, std::string_view value)>;

// Each of these stops at the first pair that is wrong, and returns why.
std::string take_pairs(std::string_view form, const TakePair& take);
// {"name": "x", "by": 2}; an array is several pairs of one key, and a number, true or false is the
// text that stands there.
std::string take_members(std::string_view json, const TakePair& take);

// The value of a key that needs no decoding; empty if there is none.
std::string_view raw_value(std::string_view form, std::string_view key);

}  // namespace counterd
