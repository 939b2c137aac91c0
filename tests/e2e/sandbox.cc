#include "sandbox.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace e2e {

namespace {

long landlock_version() {
  constexpr unsigned kVersion = 1;
  return syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, kVersion);
}

Attempts each(const std::vector<std::string>& names, int error) {
  Attempts attempts;
  for (const std::string& name : names) attempts[name] = error;
  return attempts;
}

const std::vector<std::string>& file_attempts() {
  static const std::vector<std::string> all{"read",   "list",     "own memory",       "write",
                                            "create", "truncate", "make a directory", "rename",
                                            "remove"};
  return all;
}

const std::vector<std::string>& call_attempts() {
  static const std::vector<std::string> all{"program",      "program of a descriptor",
                                            "process",      "fork",
                                            "trace",        "memory",
                                            "signal",       "namespace",
                                            "mount",        "io_uring",
                                            "socket",       "new privileges",
                                            "local socket", "UDP",
                                            "socket pair",  "connect"};
  return all;
}

}  // namespace

Attempts all_refused() {
  Attempts refused = each(file_attempts(), EACCES);
  refused.merge(each(call_attempts(), EPERM));
  if (landlock_version() < 3) refused["truncate"] = 0;
  if (landlock_version() < 6) refused["signal"] = 0;
  return refused;
}

Attempts all_done() {
  Attempts done = each(file_attempts(), 0);
  done.merge(each(call_attempts(), 0));
  done["program"] = done["program of a descriptor"] = ENOENT;
  done["trace"] = ESRCH;
  done["connect"] = EBADF;
  for (const char* depends : {"own memory", "mount", "io_uring"}) done.erase(depends);
  return done;
}

Attempts read_attempts(Channel& channel) {
  Attempts attempts;
  for (std::string line = channel.line(); line != ">"; line = channel.line()) {
    const std::size_t colon = line.rfind(": ");
    if (!line.starts_with("> ") || colon == std::string::npos) continue;
    attempts[line.substr(2, colon - 2)] = std::stoi(line.substr(colon + 2));
  }
  return attempts;
}

void Sandboxed::SetUp() {
  if (is_sanitized()) GTEST_SKIP() << "sanitized programs have no sandbox";
  if (landlock_version() < 1) GTEST_SKIP() << "this kernel has no Landlock";
  if (prctl(PR_GET_SECCOMP) < 0) GTEST_SKIP() << "this kernel has no seccomp";
  std::filesystem::create_directory(outside_);
  (void)dir_.file("outside/kept", "kept");
  (void)dir_.file("outside/removed", "");
}

Spawn Sandboxed::invaded(std::vector<std::string> environment) const {
  environment.insert(environment.end(), {"LD_PRELOAD=" BREAKING_OUT, "BREAK_OUT=" + outside_});
  return {.env = std::move(environment)};
}

Attempts Sandboxed::attempts_in(const Daemon& daemon) {
  Socket client = daemon.connect();
  Attempts attempts = read_attempts(client);
  attempts.erase("thread");
  return attempts;
}

}  // namespace e2e
