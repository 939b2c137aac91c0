// identity.h - which file a descriptor or path is, and whether it is a counterd database.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

namespace counterd {

// Checks that the file is empty or a counterd database; otherwise returns what it is instead.  Does
// not use SQLite, which would recover a foreign database and leave files beside it.
std::string wrong_with_file(int file);

// Whether an SQLite file is shorter than its header says, or has no header.
bool is_cut(int file);

// Which file it is, and its size.  Unlike fstat(2) and stat(2), these functions do not ask for its
// times: on Linux 6.13 and later, the first write after such a query changes the inode, and
// fdatasync(2) then writes that, too.
struct FileStatus {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  off_t size = 0;
  bool is_same_file(const FileStatus& other) const {
    return device == other.device && inode == other.inode;
  }
};
std::optional<FileStatus> status_of(int file);
std::optional<FileStatus> status_of(const std::string& path);

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
