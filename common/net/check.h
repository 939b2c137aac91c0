// check.h - invariants that stay on in release builds.
#pragma once

namespace net::detail {
[[noreturn]] void check_failed(const char* file, int line, const char* what);
}  // namespace net::detail

// Logs one sentence and aborts if an invariant of the program is broken.  Never for input, I/O or
// other external errors.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : net::detail::check_failed(__FILE__, __LINE__, #condition))
