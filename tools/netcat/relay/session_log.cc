#include "tools/netcat/relay/session_log.h"

#include <fcntl.h>
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

static Error open_file(const std::string& path, bool append, Fd& file) {
  if (path.empty()) return {};
  // O_APPEND also without `append`: one file may be both.
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (append ? 0 : O_TRUNC);
  file.reset(::open(path.c_str(), flags, 0666));
  return file ? Error() : Error::from_errno();
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
