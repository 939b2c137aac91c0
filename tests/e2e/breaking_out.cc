// Attempts to leave a daemon's sandbox, for LD_PRELOAD: what an intruder would try from inside.
//
// Each client that is accepted is sent one line for each attempt, "> WHAT: ERRNO" with 0 for
// success, and ">" as the last one.  With REPORT_SYNC set, they are also written to standard error,
// by a thread that calls fdatasync(2).  BREAK_OUT is a directory with the files `kept` and
// `removed` and nothing else.
#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tuple>

namespace {

class Report {
 public:
  // As most calls do it: -1 and errno.
  void add(const char* what, long result) { add_error(what, result < 0 ? errno : 0); }
  void add_error(const char* what, int error) {
    text_ += std::string("> ") + what + ": " + std::to_string(error) + "\n";
  }
  void add_open(const char* what, const std::string& path, int flags) {
    const int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
    add(what, fd);
    if (fd >= 0) close(fd);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void try_files(Report& report) {
  const std::string place = std::getenv("BREAK_OUT");
  report.add_open("read", "/etc/passwd", O_RDONLY);
  report.add_open("list", "/", O_RDONLY | O_DIRECTORY);
  report.add_open("own memory", "/proc/self/mem", O_RDWR);
  report.add_open("write", place + "/kept", O_WRONLY);
  report.add_open("create", place + "/created", O_WRONLY | O_CREAT | O_EXCL);
  report.add("truncate", truncate((place + "/kept").c_str(), 0));
  report.add("make a directory", mkdir((place + "/directory").c_str(), 0700));
  report.add("rename", rename((place + "/kept").c_str(), (place + "/renamed").c_str()));
  report.add("remove", unlink((place + "/removed").c_str()));
}

// EPERM comes before the errors of the arguments.
void try_calls(Report& report) {
  char none[] = "/nonexistent", yes[] = "true";
  char* const arguments[] = {none, nullptr};
  report.add("program", execve(none, arguments, environ));
  report.add("program of a descriptor", syscall(SYS_execveat, -1, none, arguments, environ, 0));
  pid_t child = -1;
  char* const words[] = {yes, nullptr};
  report.add_error("process", posix_spawn(&child, "/bin/true", nullptr, nullptr, words, environ));
  if (child > 0) waitpid(child, nullptr, 0);
  child = fork();
  if (child == 0) _exit(0);
  report.add("fork", child);
  if (child > 0) waitpid(child, nullptr, 0);
  report.add("trace", ptrace(PTRACE_PEEKDATA, getppid(), nullptr, nullptr));
  report.add("memory", process_vm_readv(getpid(), nullptr, 0, nullptr, 0, 0));
  report.add("signal", kill(getppid(), 0));
  report.add("namespace", syscall(SYS_unshare, 0));
  report.add("mount", syscall(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr));
  report.add("io_uring", syscall(SYS_io_uring_setup, 0, nullptr));
  report.add_error("new privileges",
                   prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) == 1 ? EPERM : 0);
}

void try_network(Report& report) {
  for (const auto& [what, family, type] :
       {std::tuple("socket", AF_INET, SOCK_STREAM), std::tuple("UDP", AF_INET, SOCK_DGRAM),
        std::tuple("local socket", AF_UNIX, SOCK_STREAM)}) {
    const int fd = socket(family, type | SOCK_CLOEXEC, 0);
    report.add(what, fd);
    if (fd >= 0) close(fd);
  }
  int pair[2];
  const int failed = socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  report.add("socket pair", failed);
  if (failed == 0) close(pair[0]), close(pair[1]);
  report.add("connect", connect(-1, nullptr, 0));
}

std::string all_attempts() {
  Report report;
  report.add_error("thread", gettid());
  try_files(report);
  try_calls(report);
  try_network(report);
  return report.text() + ">\n";
}

void send_to(int fd) {
  const std::string text = all_attempts();
  (void)!write(fd, text.data(), text.size());
}

}  // namespace

extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  const auto client = static_cast<int>(syscall(SYS_accept4, fd, address, size, flags));
  if (client >= 0) send_to(client);
  return client;
}

extern "C" int fdatasync(int fd) {
  const bool starting = gettid() == getpid();  // it has no sandbox yet
  if (!starting && std::getenv("REPORT_SYNC") != nullptr) send_to(STDERR_FILENO);
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}
