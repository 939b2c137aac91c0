// read_file.h - reads a whole file at once, before the daemon serves anything.
#pragma once

#include <cstdint>
#include <string>

#include "common/net/result.h"

namespace net {

// Reads the whole file; "-" is standard input, read from its current position.  UV_EFBIG if it is
// larger than bytes_max.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = SIZE_MAX);
// The same, but stops after the first block with a NUL, which no text contains: so the parser
// rejects /dev/zero or a disk image at once.
Result<std::string> read_text(const std::string& path, std::size_t bytes_max);
// Whether the file can be read again later: not standard input or a pipe, which may have no more
// data, or block.
bool is_readable_again(const std::string& path);
// The file's name for messages.
inline std::string name_of_file(const std::string& path) { return path == "-" ? "stdin" : path; }

}  // namespace net
