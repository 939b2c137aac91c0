#include "common/cli/log.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "common/cli/utf8.h"

namespace net::log {

static std::string tool_name = "wireutils";
static Level log_level = kNormal;

void open(std::string tool, Level level) {
  tool_name = std::move(tool);
  log_level = level;
}

void set_level(Level level) { log_level = level; }
bool verbose() { return log_level == kVerbose; }

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    char32_t c = 0;
    std::size_t size = decode_utf8(text, c);
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    if (size > 0 && !control) {
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

static void say(std::string_view prefix, const char* format, va_list arguments) {
  char text[4096];  // a longer line is cut
  std::vsnprintf(text, sizeof text, format, arguments);
  const std::string line = std::string(prefix) + escaped(text) + "\n";
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, line.data(), line.size());
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
