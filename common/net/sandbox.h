// sandbox.h - before it serves, a daemon permanently gives up the rights that it does not need.
//
// Landlock restricts files, TCP and signals; a system call filter restricts the rest
// (call_filter.h).  Neither can be undone, and threads that are started later inherit both.
#pragma once

#include <string>
#include <vector>

namespace net {

// The rights that a daemon keeps.  A file may be replaced by another of the same name, so a right
// to a file is a right to its directory.
struct Sandbox {
  bool on = true;                       // programs that the daemon runs inherit the sandbox
  bool dials = false;                   // the daemon makes connections and looks up names
  std::vector<std::string> reads = {};  // files that are read again on SIGHUP
  std::vector<std::string> writes = {};
  std::vector<std::string> removes = {};
};

// Enters the sandbox.  Returns the exit status, after logging any error.  A kernel without Landlock
// or seccomp is not an error: the daemon keeps the rights that this kernel cannot restrict.
int enter(const Sandbox& sandbox);

// Reads the time zone once and for all: inside the sandbox a changed zone would be read as UTC.
void read_time_zone();

}  // namespace net
