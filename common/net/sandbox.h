// sandbox.h - what a daemon gives up when it is about to serve; the kernel refuses it from then on.
//
// Landlock takes files, TCP and signals away, a filter of system calls the rest (call_filter.h).
// Both are for good, and are inherited by the threads that are started later.
#pragma once

#include <string>
#include <vector>

namespace net {

// What a daemon still needs.  Files are replaced by others of their name, so a right to a file is
// one to its directory.
struct Sandbox {
  bool on = true;                       // programs that the daemon runs would inherit it
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
