// sandbox.h - before it serves, a daemon gives up rights that it does not need, for good.
//
// Landlock restricts files, TCP and signals, a filter of system calls the rest (call_filter.h).
// Neither can be undone, and threads that are started later inherit both.
#pragma once

#include <string>
#include <vector>

namespace net {

// What a daemon still needs.  A file may be replaced by another of the same name, so a
// right to a file is a right to its directory.
struct Sandbox {
  bool on = true;                       // programs that the daemon runs inherit the sandbox
  bool dials = false;                   // makes connections, and looks up names
  std::vector<std::string> reads = {};  // files that SIGHUP reads again
  std::vector<std::string> writes = {};
  std::vector<std::string> removes = {};
};

// Returns the exit status, after logging the reason.  A kernel without Landlock or seccomp is not
// an error: the daemon keeps what this kernel cannot take.
int enter(const Sandbox& sandbox);

// Reads the time zone, for good: from inside the sandbox a changed zone would be read as UTC.
void read_time_zone();

}  // namespace net
