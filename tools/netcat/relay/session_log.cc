#include "tools/netcat/relay/session_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace netcat {

using net::Error;
using net::Fd;

static void append_hex(std::string& out, std::uint64_t number, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += "0123456789abcdef"[number >> shift & 0xf];
}

static std::string place(Direction direction, std::uint64_t offset) {
  std::string text{static_cast<char>(direction), ' '};
  append_hex(text, offset, offset >> 32 == 0 ? 8 : 16);
  return text;
}

std::string log_entry(Direction direction, std::uint64_t offset, std::string_view data) {
  std::string text = place(direction, offset) + " " + std::to_string(data.size()) +
                     (data.size() == 1 ? " byte\n" : " bytes\n");
  text += data;
  if (!data.ends_with('\n')) text += '\n';
  return text;
}

std::string hex_dump(Direction direction, std::uint64_t offset, std::string_view data) {
  constexpr std::size_t kRow = 16;
  std::string text;
  for (; !data.empty(); data.remove_prefix(std::min(kRow, data.size())), offset += kRow) {
    const std::string_view row = data.substr(0, kRow);
    text += place(direction, offset) + " ";
    for (const char c : row) {
      text += ' ';
      append_hex(text, static_cast<unsigned char>(c), 2);
    }
    text.append(3 * (kRow - row.size()) + 2, ' ');
    for (const char c : row) text += c >= 0x20 && c < 0x7f ? c : '.';
    text += '\n';
  }
  return text;
}

// Standard output or error, if `file` is the same one: what both write is kept in order.
static int standard_twin(const struct stat& file) {
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO}) {
    struct stat status = {};
    const bool same =
        fstat(fd, &status) == 0 && status.st_dev == file.st_dev && status.st_ino == file.st_ino;
    if (same && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) return fd;
  }
  return -1;
}

static void duplicate(int fd, Fd& file) { file.reset(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

static Error open_file(const std::string& path, bool append, Fd& file) {
  if (path.empty()) return {};
  if (path == "-") {
    duplicate(STDERR_FILENO, file);
    return file ? Error() : Error::from_errno();
  }
  // O_APPEND even without `append`: both logs may go to one file.
  file.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  struct stat status = {};
  if (!file || fstat(file.get(), &status) != 0) return Error::from_errno();
  if (!S_ISREG(status.st_mode)) return {};
  const int twin = standard_twin(status);
  if (twin >= 0) duplicate(twin, file);
  if (!file || (twin < 0 && !append && ftruncate(file.get(), 0) != 0)) return Error::from_errno();
  return {};
}

Error SessionLog::open(const std::string& output, const std::string& dump, bool append,
                       std::string& path) {
  output_path_ = path = output;
  Error e = open_file(output, append, output_);
  if (e) return e;
  dump_path_ = path = dump;
  return open_file(dump, append, dump_);
}

void SessionLog::add(Direction direction, std::uint64_t offset, std::string_view data,
                     const std::string& peer) {
  std::string heading;
  if (peer != peer_) heading = "# " + peer + "\n";
  peer_ = peer;
  if (output_) write(output_, output_path_, heading + log_entry(direction, offset, data));
  if (dump_) write(dump_, dump_path_, heading + hex_dump(direction, offset, data));
}

void SessionLog::write(const Fd& file, const std::string& path, std::string_view text) {
  while (!text.empty() && problem_.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) problem_ = path + ": " + Error::from_errno().message();
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace netcat
