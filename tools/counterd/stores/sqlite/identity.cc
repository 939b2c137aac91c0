#include "tools/counterd/stores/sqlite/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

#include "common/net/result.h"

namespace counterd {

constexpr std::uint32_t kApplicationId = 2004186211;
constexpr std::uint32_t kSchemaVersion = 1;

static std::string system_error() { return net::Error::from_errno().message(); }

std::uint32_t big_endian(const unsigned char* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
         at[3];
}

static std::optional<FileStatus> status_of(int directory, const char* name, int flags) {
  struct statx status = {};
  if (statx(directory, name, flags, STATX_INO | STATX_SIZE, &status) != 0) return std::nullopt;
  const std::uint64_t device = std::uint64_t{status.stx_dev_major} << 32 | status.stx_dev_minor;
  return FileStatus{device, status.stx_ino, static_cast<off_t>(status.stx_size)};
}

std::optional<FileStatus> status_of(int file) { return status_of(file, "", AT_EMPTY_PATH); }

std::optional<FileStatus> status_of(const std::string& path) {
  return status_of(AT_FDCWD, path.c_str(), 0);
}

std::string wrong_with_file(int file) {
  struct stat status = {};
  if (fstat(file, &status) != 0) return system_error();
  if (!S_ISREG(status.st_mode)) return "not a regular file";
  if (status.st_nlink > 1) return "it has a second hard link";
  if (status.st_size == 0) return "";
  std::array<unsigned char, 100> header{};
  const ssize_t size = read_at(file, header, 0);
  if (size < 0) return system_error();
  constexpr std::string_view kMagic("SQLite format 3", 16);
  constexpr std::size_t kVersionAt = 60, kApplicationAt = 68;
  const bool is_database = static_cast<std::size_t>(size) == header.size() &&
                           std::memcmp(header.data(), kMagic.data(), kMagic.size()) == 0;
  if (!is_database) return "not a database of counterd";
  if (big_endian(&header[kApplicationAt]) != kApplicationId)
    return "a database, but not one of counterd";
  if (const auto version = big_endian(&header[kVersionAt]); version != kSchemaVersion)
    return "created by another version of counterd (schema " + std::to_string(version) + ")";
  return "";
}

bool is_cut(int file) {
  constexpr std::size_t kPageSizeAt = 16, kPagesAt = 28;
  std::array<unsigned char, 32> header{};
  struct stat status = {};
  if (fstat(file, &status) != 0 || read_at(file, header, 0) != ssize_t{header.size()}) return true;
  const std::uint32_t page = big_endian(&header[kPageSizeAt]) >> 16;
  return status.st_size < off_t{page == 1 ? 65536 : page} * big_endian(&header[kPagesAt]);
}

}  // namespace counterd
