#include "tools/netcat/relay/session_log.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace netcat {

using net::Error;
using net::Fd;
using net::Result;
using net::Task;

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

static bool is_same_file(int fd, const struct stat& file) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && status.st_dev == file.st_dev && status.st_ino == file.st_ino;
}

bool is_file_of_standard_input(const std::string& path) {
  struct stat file = {};
  return stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
         is_same_file(STDIN_FILENO, file);
}

// Returns standard output or error if `file` is the same file: sharing its offset keeps their data
// in order.
static int standard_twin(const struct stat& file) {
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO})
    if (is_same_file(fd, file) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) return fd;
  return -1;
}

static void duplicate(int fd, Fd& file) { file.reset(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

static Error open_file(const std::string& path, bool append, Fd& file) {
  if (path == "-") {
    duplicate(STDERR_FILENO, file);
    return file ? Error() : Error::from_errno();
  }
  // O_APPEND even without `append`: both logs may go to the same file.
  file.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  struct stat status = {};
  if (!file || fstat(file.get(), &status) != 0) return Error::from_errno();
  if (!S_ISREG(status.st_mode)) return {};
  const int twin = standard_twin(status);
  if (twin >= 0) duplicate(twin, file);
  if (!file || (twin < 0 && !append && ftruncate(file.get(), 0) != 0)) return Error::from_errno();
  return {};
}

Error SessionLog::File::open(net::Loop& loop, bool append) {
  Fd file;
  const Error e = open_file(path, append, file);
  if (e) return e;
  struct stat status = {};
  is_regular = fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
  to.emplace(net::Descriptor::output(loop, std::move(file)));
  return {};
}

Error SessionLog::open(const std::string& output, const std::string& dump, bool append,
                       std::string& path) {
  output_.path = output;
  dump_.path = dump;
  for (File* file : {&output_, &dump_}) {
    path = file->path;
    const Error e = path.empty() ? Error() : file->open(loop_, append);
    if (e) return e;
  }
  return {};
}

void SessionLog::add(Direction direction, std::uint64_t offset, std::string_view data,
                     const std::string& peer) {
  std::string heading;
  if (peer != peer_) heading = "# " + peer + "\n";
  peer_ = peer;
  if (output_.to) write(output_, heading + log_entry(direction, offset, data));
  if (dump_.to) write(dump_, heading + hex_dump(direction, offset, data));
  if (is_blocked()) changed_.wake();
}

// Except to a regular file, writes whole lines of at most PIPE_BUF if possible, so that messages
// come between lines.
Result<std::size_t> SessionLog::File::write(std::string_view text) {
  if (is_regular) return to->try_write(text);
  text = text.substr(0, PIPE_BUF);
  const std::size_t newline = text.rfind('\n');
  return to->try_write(newline == text.npos ? text : text.substr(0, newline + 1));
}

void SessionLog::write(File& file, std::string_view text) {
  if (!file.pending.empty()) {
    file.pending += text;
    return;
  }
  while (!text.empty() && problem_.empty()) {
    const Result<std::size_t> n = file.write(text);
    if (n) text.remove_prefix(*n);
    if (!n && n.error() == Error(UV_EAGAIN)) break;
    if (!n) failed(file, n.error());
  }
  if (problem_.empty() && !abandoned_) file.pending = text;
}

void SessionLog::failed(const File& file, Error e) {
  problem_ = file.path + ": " + e.message();
  output_.pending.clear();
  dump_.pending.clear();
}

Task<> SessionLog::run() {
  while (is_blocked() || !closed_) {
    if (!is_blocked()) {
      Error canceled = co_await changed_.wait(net::kForever);
      if (canceled == Error(UV_ECANCELED)) co_return;
      continue;
    }
    File& file = output_.pending.empty() ? dump_ : output_;
    Error e = co_await file.to->writable();
    if (e == Error(UV_ECANCELED)) co_return;
    if (e) failed(file, e);
    const std::string text = std::exchange(file.pending, {});
    write(file, text);
    if (!is_blocked()) wake();
  }
}

void SessionLog::close() {
  closed_ = true;
  changed_.wake();
}

void SessionLog::abandon() {
  abandoned_ = true;
  for (File* file : {&output_, &dump_}) {
    file->pending.clear();
    if (file->to) file->to->cancel();
  }
  close();
  wake();
}

Task<> SessionLog::changed() {
  net::Timer turn(loop_);
  waiting_.push_back(&turn);
  (void)co_await turn.wait(net::kForever);
  std::erase(waiting_, &turn);
}

void SessionLog::wake() {
  for (net::Timer* turn : waiting_) turn->wake();
}

}  // namespace netcat
