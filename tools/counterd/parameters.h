// parameters.h - the parameters of a request, as pairs, from a query, a form, or a JSON object.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace counterd {

// Takes a pair; returns an error, or an empty string.
using TakePair = std::function<std::string(std::string_view key, std::string_view value)>;

// Each of these stops at the first wrong pair and returns the error.
std::string take_pairs(std::string_view form, const TakePair& take);
// {"name": "x", "by": 2}; an array gives several pairs with the same key; numbers, true and false
// are taken as text.
std::string take_members(std::string_view json, const TakePair& take);

// The value of a key, without decoding; empty if there is none.
std::string_view raw_value(std::string_view form, std::string_view key);

}  // namespace counterd
