// check.h - invariants that stay on in release builds.
#pragma once

namespace net::detail {
[[noreturn]] void check_failed(const char* file, int line, const char* what);
}  // namespace net::detail

// Ends the process with one sentence when an invariant of the program itself is broken.  Never for
// input, I/O or anything else that can go wrong outside.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : net::detail::check_failed(__FILE__, __LINE__, #condition))
