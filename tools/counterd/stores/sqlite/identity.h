// identity.h - checks whether a file is a counterd database.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace counterd {

// Checks that the file is empty or a counterd database; otherwise returns what it is instead.  Does
// not use SQLite, which would recover a foreign database and leave files beside it.
std::string wrong_with_file(int file);

// Whether an SQLite file is shorter than its header says, or has no header.
bool is_cut(int file);

std::uint32_t big_endian(const unsigned char* at);

// Fills `to` with pread(2), and continues after signals.
template <typename Array>
ssize_t read_at(int file, Array& to, off_t at) {
  for (;;) {
    const ssize_t size = pread(file, to.data(), to.size(), at);
    if (size >= 0 || errno != EINTR) return size;
  }
}

}  // namespace counterd
