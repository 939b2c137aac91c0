// read_file.h - a whole file at once, before anything is served.
#pragma once

#include <cstdint>
#include <string>

#include "common/net/result.h"

namespace net {

// "-" is standard input, from where it is.  UV_EFBIG: larger than bytes_max.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = SIZE_MAX);
// The same, but no further than the piece with the first NUL, which no text has: /dev/zero and a
// disk image are refused at once by their parser.
Result<std::string> read_text(const std::string& path, std::size_t bytes_max);
// The file's name in a message.
inline std::string name_of_file(const std::string& path) { return path == "-" ? "stdin" : path; }

}  // namespace net
