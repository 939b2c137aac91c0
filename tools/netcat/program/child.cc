#include "tools/netcat/program/child.h"

#include <linux/close_range.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "common/net/fd_limit.h"

namespace netcat {

using net::Error;
using net::Millis;
using net::Task;

// No signal reports the end of a process group, so it is polled at this interval.
constexpr Millis kGroupLook{10};

// --- reaping ---

// Becomes a subreaper, because otherwise no process might reap a program's orphans.
Children::Children(net::Loop& loop) : loop_(loop), signal_(loop, SIGCHLD) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_UNBLOCK, &ended, nullptr);  // a parent may have blocked it
  reaping_.go(reap_all());
}

Task<> Children::reap_all() {
  for (;;) {
    Error e = co_await signal_.wait();
    if (e) co_return;
    reap();
  }
}

void Children::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto found = running_.find(pid);
    if (found == running_.end()) continue;  // an orphan that this process has inherited
    Child* child = found->second;
    running_.erase(found);
    child->on_end(status);
  }
}

Task<> Children::close() {
  signal_.close();
  co_await reaping_.wait();
  CHECK(running_.empty());
}

// --- one child ---

static std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Error Child::start(const Command& command, const std::vector<std::string>& environment, int in,
                   int out) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  int error = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
#ifdef __GLIBC__
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
#else
  if (error == 0 && syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
    error = errno;
#endif
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&how, &all);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setpgroup(&how, 0);
  posix_spawnattr_setflags(&how,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const net::OriginalDescriptorLimit limit;
  if (error == 0)
    error = posix_spawn(&pid_, command.path.c_str(), &files, &how, pointers(command.argv).data(),
                        pointers(environment).data());
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  if (error == 0) children_.running_[pid_] = this;
  return Error(-error);
}

void Child::on_end(int status) {
  ended_ = true;
  if (WIFEXITED(status)) exit_status_ = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) killed_by_ = WTERMSIG(status);
  changed_.wake();
}

void Child::order(int signal) {
  impatient_ = order_ == signal;
  order_ = signal;
  changed_.wake();
}

// Safe, because the kernel does not reuse a number while a process group has it.
bool Child::group_is_left() const { return kill(-pid_, 0) == 0 || errno == EPERM; }

Task<> Child::wait(Millis grace) {
  while (!ended_ && order_ == 0) (void)co_await changed_.wait(net::kForever);
  if (order_ != 0) co_await end_group(order_, grace);
}

Task<> Child::end_group(int signal, Millis grace) {
  if (order_ == 0) order_ = signal;
  const net::Deadline deadline(grace);
  for (int sent = 0; sent != SIGKILL && (!ended_ || group_is_left());) {
    const bool late = impatient_ || deadline.left() == Millis::zero();
    const int next = late ? SIGKILL : order_;
    if (next != sent) kill(-pid_, next);
    sent = next;
    if (sent != SIGKILL) (void)co_await changed_.wait(kGroupLook);
  }
  while (!ended_) (void)co_await changed_.wait(net::kForever);
}

static const char* signal_name([[maybe_unused]] int signal) {
#ifdef __GLIBC__
  return sigabbrev_np(signal);
#else
  return nullptr;
#endif
}

std::string Child::failure() const {
  if (killed_by_ != 0) {
    const char* name = signal_name(killed_by_);
    return name != nullptr ? std::string("killed by SIG") + name
                           : "killed by signal " + std::to_string(killed_by_);
  }
  return exit_status_ == 0 ? "" : "exited with " + std::to_string(exit_status_);
}

}  // namespace netcat
