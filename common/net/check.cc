#include "common/net/check.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

void net::detail::check_failed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
  std::signal(SIGABRT, SIG_DFL);  // so that the handler of SIGABRT logs nothing more
  std::abort();
}
