#include "common/cli/log.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <utility>

#include "common/cli/utf8.h"
#include "common/net/result.h"

namespace net::log {

static std::string tool_name = "wireutils";
static Level log_level = kNormal;

void open(std::string tool, Level level) {
  tool_name = std::move(tool);
  log_level = level;
}

void set_level(Level level) { log_level = level; }
bool verbose() { return log_level == kVerbose; }

// True for characters that a terminal acts on: control characters, and those that reorder or break
// a line.
static bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    char32_t c = 0;
    std::size_t size = decode_utf8(text, c);
    if (size > 0 && !is_control(c)) {
      out.append(text.substr(0, size));
    } else {
      size = size == 0 ? 1 : size;
      for (const char byte : text.substr(0, size)) {
        char hex[8];
        std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(byte));
        out += hex;
      }
    }
    text.remove_prefix(size);
  }
  return out;
}

// --- writing without blocking ---

// Writes as much as standard error accepts without blocking; -1 with EAGAIN if it accepts nothing.
// O_NONBLOCK cannot be set, because other processes share the open file description.
static ssize_t write_now(std::string_view text) {
  struct stat status = {};
  const bool known = fstat(STDERR_FILENO, &status) == 0;
  if (known && S_ISREG(status.st_mode)) return write(STDERR_FILENO, text.data(), text.size());
  if (known && S_ISSOCK(status.st_mode))
    return send(STDERR_FILENO, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  pollfd writable{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (poll(&writable, 1, 0) <= 0) {
    errno = EAGAIN;
    return -1;
  }
  text = text.substr(0, PIPE_BUF);  // a writable pipe has room for this much
  return write(STDERR_FILENO, text.data(), text.size());
}

static std::string default_report(std::uint64_t lines) {
  return tool_name +
         ": log lines dropped because standard error was blocked: " + std::to_string(lines) + "\n";
}

namespace {

// One object for all threads.
class Output {
 public:
  void put(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (finish() && report_dropped() && write_line(line)) return;
    ++dropped_;
  }
  std::string (*report)(std::uint64_t lines) = default_report;

 private:
  // Returns false if there was no room for any of the line; a line that was begun is always
  // finished.
  bool write_line(std::string_view line) {
    const std::string_view whole = line;
    while (!line.empty()) {
      const ssize_t n = write_now(line);
      if (n >= 0) {
        line.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN) {
        if (line.size() < whole.size()) rest_ = line;
        return line.size() < whole.size();
      } else if (errno != EINTR) {
        return true;  // there is nowhere to report this error
      }
    }
    return true;
  }
  bool finish() {
    const std::string rest = std::exchange(rest_, {});
    if (rest.empty() || write_line(rest)) return rest_.empty();
    rest_ = rest;
    return false;
  }
  bool report_dropped() {
    if (dropped_ > 0 && !write_line(report(dropped_))) return false;
    dropped_ = 0;
    return rest_.empty();
  }

  std::mutex mutex_;
  std::string rest_;  // the rest of a partly written line
  std::uint64_t dropped_ = 0;
};

}  // namespace

static Output& output() {
  static Output one;
  return one;
}

void put(std::string_view text) { output().put(text); }
void report_dropped_with(std::string (*report)(std::uint64_t lines)) { output().report = report; }

void out_of_memory() {
  char line[64];
  const int size = std::snprintf(line, sizeof line, "%.40s: out of memory\n", tool_name.c_str());
  (void)!write_now({line, static_cast<std::size_t>(size)});
}

void aborting() {
  const int error = errno;
  char line[128];
  const int size = std::snprintf(line, sizeof line, "%.40s: aborted in a library: %.60s\n",
                                 tool_name.c_str(), Error(-error).message());
  (void)!write_now({line, static_cast<std::size_t>(size)});
}

// --- lines ---

static void say(std::string_view prefix, const char* format, va_list arguments) {
  char text[4096];  // longer lines are truncated
  std::vsnprintf(text, sizeof text, format, arguments);
  put(std::string(prefix) + escaped(text) + "\n");
}

#define SAY(prefix)               \
  va_list arguments;              \
  va_start(arguments, format);    \
  say(prefix, format, arguments); \
  va_end(arguments)

void error(const char* format, ...) { SAY(tool_name + ": "); }
void plain(const char* format, ...) { SAY(""); }

void info(const char* format, ...) {
  if (log_level == kQuiet) return;
  SAY(tool_name + ": ");
}

void details(const char* format, ...) {
  if (log_level != kVerbose) return;
  SAY(tool_name + ": ");
}

}  // namespace net::log
