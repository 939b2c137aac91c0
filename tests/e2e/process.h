// process.h - a program under test: spawns it, talks to it with deadlines, and always reaps it.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <string>
#include <utility>
#include <vector>

#include "channel.h"

namespace e2e {

// What a child gets as one of its standard descriptors.
struct Stdio {
  enum class Kind { kPipe, kNull, kClosed, kFile, kGiven };
  Kind kind = Kind::kPipe;
  std::string path = {};
  int given = -1;

  static Stdio pipe() { return {}; }
  static Stdio null() { return {.kind = Kind::kNull}; }
  static Stdio closed() { return {.kind = Kind::kClosed}; }
  // Opened for reading (stdin), or created or truncated for writing; may also be a device.
  static Stdio file(std::string path) { return {.kind = Kind::kFile, .path = std::move(path)}; }
  // A descriptor of the test, which stays open there.
  static Stdio fd(const Fd& fd) { return {.kind = Kind::kGiven, .given = fd.get()}; }
};

struct Spawn {
  Stdio in = Stdio::null();
  Stdio out = Stdio::pipe();
  Stdio err = Stdio::pipe();
  std::vector<std::string> env = {};                // NAME=value, in addition to the test's own
  rlim_t descriptors = 0;                           // RLIMIT_NOFILE, soft and hard; 0: unchanged
  std::vector<std::pair<int, int>> inherited = {};  // (number in the child, the test's descriptor)
  bool terminal = false;                            // stdin becomes the controlling terminal
};

// The directory of the tested programs: the environment variable WIREUTILS_SANITIZED_BIN_DIR, or
// else that of this build.
std::string bin_dir();
bool is_sanitized();

// A child process, leader of its own process group.  When it ends, or the Process is destroyed, the
// rest of the group is killed.  Use it in the main thread only: the child dies with the thread that
// started it.
class Process {
 public:
  // argv[0] is looked up in bin_dir(), then in PATH.
  explicit Process(std::vector<std::string> argv, Spawn spawn = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  // Waits for the exit status, which is 128 + N after signal N.  Throws if the process does not
  // exit in time.
  int wait(Millis patience = kPatience);
  bool lives_for(Millis time);
  void signal(int number) const;
  // Sends SIGTERM, then calls wait().
  int stop();

  pid_t pid() const { return pid_; }
  // User and system time used so far.
  Millis cpu_time() const;
  // What descriptor `number` refers to, according to /proc; empty if it is closed.
  std::string descriptor(int number) const;

  // Our ends of the pipes.
  Channel in;
  Channel out;
  Channel err;

 private:
  bool ended_by(Clock::time_point deadline);
  int reap();

  pid_t pid_ = -1;
  Fd pidfd_;
  int status_ = -1;
};

// The status and output of a process that has ended.
struct Outcome {
  int status;
  std::string out;
  std::string err;
};

// Waits for the end of `process` and collects its output.
Outcome finish(Process& process, Millis patience = kPatience);
// Runs a program to its end with `input` on its stdin, which must fit into a pipe.
Outcome run(std::vector<std::string> argv, const std::string& input = {}, Spawn spawn = {});
// Runs a bash script whose PATH begins with bin_dir().
Outcome shell(const std::string& script, Spawn spawn = {});
// True when PATH has the program.
bool installed(const std::string& program);

// A temporary directory; the destructor removes it with its content.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file and returns its path.
  std::string file(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

std::string read_file(const std::string& path);
// Returns `size` pseudo-random bytes, so that no repetition hides lost or swapped blocks.
std::string noise(std::size_t size);

}  // namespace e2e
