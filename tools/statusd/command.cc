#include "tools/statusd/command.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "common/net/fd.h"
#include "common/net/watch.h"
#include "tools/statusd/check.h"

namespace statusd {

// Starts the command in its own process group, so that all of it can be killed.  Returns 0 or an
// errno.
static int spawn(const std::string& command, pid_t& pid) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  int error = 0;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (error == 0) error = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string text = command;
  char sh[] = "sh", c[] = "-c";
  char* const argv[] = {sh, c, text.data(), nullptr};
  if (error == 0) error = posix_spawn(&pid, "/bin/sh", &files, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return error;
}

static net::Task<> kill_after(net::Timer& timer, net::Millis timeout, pid_t pid, bool& late) {
  net::Error e = co_await timer.wait(timeout);
  if (e == net::Error(UV_EINTR)) co_return;  // the command has ended
  late = !e;
  kill(-pid, SIGKILL);
}

net::Task<int> run_command(net::Loop& loop, std::string command, net::Millis timeout,
                           pid_t& group) {
  pid_t pid = 0;
  if (const int error = spawn(command, pid); error != 0) co_return Check::kFailed + error;
  group = pid;
  const net::Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  bool late = false;
  int unwatched = process ? 0 : errno;
  if (process) {
    net::Watch watch(loop, process.get());
    net::Timer timer(loop);
    net::WaitGroup killer;
    killer.go(kill_after(timer, timeout, pid, late));
    net::Error e = co_await watch.readable();
    if (e != net::Error(UV_ECANCELED)) timer.wake();
    if (e && e != net::Error(UV_ECANCELED)) unwatched = -e.code();
    co_await killer.wait();
  }
  group = 0;
  kill(-pid, SIGKILL);  // kills what the command has left behind, or all of it
  int status = 0;
  const bool known = waitpid(pid, &status, 0) == pid;
  if (!known && unwatched == 0) unwatched = errno;
  if (late) co_return Check::kLate;
  if (unwatched != 0) co_return Check::kFailed + unwatched;
  co_return WIFEXITED(status) ? WEXITSTATUS(status) : Check::kKilled + WTERMSIG(status);
}

}  // namespace statusd
