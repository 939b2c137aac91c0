// log.h - what a tool logs on standard error: one line per fact, `tool: what: why`.
//
// Logging never blocks: when standard error is a pipe, socket or terminal that is full, the line is
// dropped and counted, and the next line that fits is preceded by that count.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace net::log {

enum Level { kQuiet, kNormal, kVerbose };

// Called once, before the first line is logged.
void open(std::string tool, Level level = kNormal);
void set_level(Level level);
bool verbose();

// Each logs one line with one write(2).  Control and bidirectional characters and bytes that are
// not UTF-8 are escaped, so a client's bytes never reach a terminal unchanged.
[[gnu::format(printf, 1, 2)]] void error(const char* format, ...);    // always
[[gnu::format(printf, 1, 2)]] void info(const char* format, ...);     // unless quiet
[[gnu::format(printf, 1, 2)]] void details(const char* format, ...);  // if verbose
// Without the tool's name, for lines in the format of another program.
[[gnu::format(printf, 1, 2)]] void plain(const char* format, ...);

// Logs `text`, a whole line of any length that the caller has formatted, newline included.
void put(std::string_view text);
// Sets how the count of dropped lines is reported, for output that is not plain text; the default
// is one line of text.
void report_dropped_with(std::string (*report)(std::uint64_t lines));

// For the handlers of failed allocations and SIGABRT: neither allocates memory.
void out_of_memory();
void aborting();  // the message includes errno

std::string escaped(std::string_view text);

}  // namespace net::log
