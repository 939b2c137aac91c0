// identity.h - whether a file is a database of counterd's.
#pragma once

#include <cstdint>
#include <string>

namespace counterd {

// Whether the file is empty, or ours: read without SQLite, which would recover a foreign database,
// and leave files beside it.  What it is instead; empty: it is.
std::string wrong_with_file(int file);

std::uint32_t big_endian(const unsigned char* at);

}  // namespace counterd
