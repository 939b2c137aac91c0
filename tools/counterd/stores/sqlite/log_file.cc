#include "tools/counterd/stores/sqlite/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace counterd {

constexpr std::uint32_t kCookieMask = 0x7fffffff;
// A cookie is the salt times kToCookie, so that the next cookies (VACUUM INTO uses the next one)
// belong to distant salts.
constexpr std::uint32_t kToCookie = 0x41444c71, kToSalt = 0x2545f491;
static_assert(((kToCookie * kToSalt) & kCookieMask) == 1);
constexpr std::uint32_t kRestartsMax = 1 << 22;  // restarts of a log within one run: 16 TiB
constexpr off_t kLogHeader = 32, kFrameHeader = 24;

static net::Fd open_log(const std::string& path) {
  return net::Fd(open((path + "-wal").c_str(), O_RDONLY | O_CLOEXEC));
}

std::optional<std::uint32_t> log_salt(const std::string& path) {
  std::array<unsigned char, kLogHeader> header{};
  const net::Fd log = open_log(path);
  if (!log || read_at(log.get(), header, 0) != ssize_t{header.size()}) return std::nullopt;
  return big_endian(&header[16]) & kCookieMask;
}

std::uint32_t cookie_for(std::uint32_t salt) { return (salt * kToCookie) & kCookieMask; }

std::uint32_t cookie_of(int file) {
  std::array<unsigned char, 4> cookie{};
  constexpr off_t kCookieAt = 40;
  (void)read_at(file, cookie, kCookieAt);  // a short file has no cookie
  return big_endian(cookie.data());
}

// Whether the file records its log: files of the first version do not, and lack the later tables.
static bool says_so(int file) {
  std::array<char, 4096> page{};
  const ssize_t size = read_at(file, page, 0);
  const std::string_view text(page.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return text.find("operations") != std::string_view::npos;
}

bool log_belongs(const std::string& path, int file) {
  const auto salt = log_salt(path);
  if (!salt || !says_so(file)) return true;
  return ((*salt - cookie_of(file) * kToSalt) & kCookieMask) < kRestartsMax;
}

// A process that has the index open locks one byte of it (SQLite's UNIX_SHM_DMS).
bool log_is_in_use(const std::string& path) {
  constexpr off_t kLockAt = 128;
  const net::Fd index(open((path + "-shm").c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kLockAt;
  lock.l_len = 1;
  return index && fcntl(index.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// Whether the log contains a page other than the first one, which has the cookie; after a read
// error it may.
static bool is_used(int log) {
  std::array<unsigned char, kLogHeader> header{};
  std::array<unsigned char, kFrameHeader> frame{};
  ssize_t size = read_at(log, header, 0);
  if (size != ssize_t{header.size()}) return size < 0;
  const off_t page = big_endian(&header[8]);
  for (off_t at = kLogHeader; (size = read_at(log, frame, at)) == ssize_t{frame.size()};
       at += kFrameHeader + page)
    if (page == 0 || big_endian(frame.data()) != 1) return true;
  return size < 0;
}

void remove_unused_log(const std::string& path) {
  const net::Fd log = open_log(path);
  if (log && !is_used(log.get())) remove_log(path);
}

void remove_log(const std::string& path) {
  (void)unlink((path + "-wal").c_str());
  (void)unlink((path + "-shm").c_str());
}

// --- while the file is open ---

void OpenFiles::look(const std::string& path) {
  const auto look_at = [](std::string name) {
    const FileStatus status = status_of(name).value_or(FileStatus());  // gone() notices the loss
    return Part{std::move(name), status};
  };
  log_ = look_at(path + "-wal");
  index_ = look_at(path + "-shm");
  open_log_ = open_log(path);
  open_index_.reset(open(index_.path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string OpenFiles::gone() const {
  for (const Part* part : {&log_, &index_}) {
    const auto there = status_of(part->path);
    if (!there || !there->is_same_file(part->status))
      return part->path + " has been moved or removed";
  }
  return "";
}

// The index contains the number of frames, how many of them have been copied into the file, and the
// salts of the log (SQLite's WalIndexHdr and WalCkptInfo).
struct OpenFiles::Index {
  off_t page_bytes = 0;
  std::uint32_t frames = 0, copied = 0;
  std::array<unsigned char, 8> salts{};
};

bool OpenFiles::read(Index& index) const {
  std::array<unsigned char, 100> bytes{};
  if (read_at(open_index_.get(), bytes, 0) != ssize_t{bytes.size()}) return false;
  std::uint16_t page = 0;
  std::memcpy(&page, &bytes[14], sizeof page);
  std::memcpy(&index.frames, &bytes[16], sizeof index.frames);
  std::memcpy(&index.copied, &bytes[96], sizeof index.copied);
  std::memcpy(index.salts.data(), &bytes[32], index.salts.size());
  index.page_bytes = page == 1 ? 65536 : page;
  return true;
}

bool OpenFiles::is_foreign(const Index& index) const {
  constexpr off_t kSaltsAt = 16;
  std::array<unsigned char, 8> salts{};
  return index.frames != index.copied &&
         read_at(open_log_.get(), salts, kSaltsAt) == ssize_t{salts.size()} && salts != index.salts;
}

bool OpenFiles::has_foreign_log() const {
  Index index;
  return read(index) && is_foreign(index);
}

std::string OpenFiles::cut() const {
  Index index;
  const auto log = status_of(open_log_.get());
  if (!read(index) || !log) return index_.path + " has been truncated";
  if (is_foreign(index)) return log_.path + " has been overwritten";
  const off_t whole = kLogHeader + off_t{index.frames} * (kFrameHeader + index.page_bytes);
  const bool is_whole = index.frames == index.copied || log->size >= whole;
  return is_whole ? "" : log_.path + " has been truncated";
}

}  // namespace counterd
