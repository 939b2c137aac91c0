// log.h - what a tool says on standard error: one line a fact, `tool: what: why`.
#pragma once

#include <string>
#include <string_view>

namespace net::log {

enum Level { kQuiet, kNormal, kVerbose };

// Once, before the first line.
void open(std::string tool, Level level = kNormal);
void set_level(Level level);
bool verbose();

// One line, in one write(2).  Control bytes and what is no UTF-8 are escaped: a client's bytes
// never reach a terminal as they are.
[[gnu::format(printf, 1, 2)]] void error(const char* format, ...);    // always
[[gnu::format(printf, 1, 2)]] void info(const char* format, ...);     // unless quiet
[[gnu::format(printf, 1, 2)]] void details(const char* format, ...);  // if verbose
// As it stands, without the tool's name: for words that are another program's.
[[gnu::format(printf, 1, 2)]] void plain(const char* format, ...);

std::string escaped(std::string_view text);

}  // namespace net::log
