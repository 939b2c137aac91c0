// import.h - the JSON of /list, read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/counterd/store.h"

namespace counterd {

// An array of objects with "name" and "value", and perhaps "changed" and "expires".  False, with
// "line 3: what is wrong" in `why`.
bool parse_list(std::string_view json, std::vector<Entry>& entries, std::string& why);

}  // namespace counterd
