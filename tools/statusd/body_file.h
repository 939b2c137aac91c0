// body_file.h - the body of the answers, from a file.
#pragma once

#include <string>

#include "common/result.h"

namespace statusd {

// Every answer under way has a copy of its own.
inline constexpr std::size_t kBodyBytesMax = 16 << 20;

// All of the file; "-" is standard input.  UV_EFBIG: more than kBodyBytesMax.
net::Result<std::string> read_body(const std::string& path);

}  // namespace statusd
