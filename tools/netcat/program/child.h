// child.h - a child process in its own process group, from its start to the end of the whole group.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "common/net/timer.h"
#include "tools/netcat/program/command.h"

namespace netcat {

class Child;

// Reaps all child processes, including orphans that this process inherits.
class Children {
 public:
  explicit Children(net::Loop& loop);
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  // Must be awaited, when no child is left.
  net::Task<> close();

 private:
  friend class Child;
  net::Task<> reap_all();
  void reap();

  net::Loop& loop_;
  net::Signal signal_;
  std::map<pid_t, Child*> running_;
  net::WaitGroup reaping_;
};

class Child {
 public:
  explicit Child(Children& children) : children_(children), changed_(children.loop_) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Starts the program with `in` and `out` as descriptors 0 and 1, our descriptor 2 and no others;
  // every signal has its default action.
  net::Error start(const Command& command, const std::vector<std::string>& environment, int in,
                   int out);
  // Waits until the child has ended and, after order(), until its whole group has ended.
  net::Task<> wait(net::Millis grace);
  // Ends the group with `signal`, or after `grace` with SIGKILL, and waits until it has ended.
  net::Task<> end_group(int signal, net::Millis grace);
  // Makes wait() end the group with this signal; a second call ends it at once.
  void order(int signal);

  pid_t pid() const { return pid_; }
  bool ended() const { return ended_; }
  bool ordered() const { return order_ != 0; }
  int exit_status() const { return exit_status_; }  // -1: it was killed
  int killed_by() const { return killed_by_; }      // 0: it exited
  // "exited with 7" or "killed by SIGSEGV"; empty if the status is 0.
  std::string failure() const;

 private:
  friend class Children;
  void on_end(int status);
  bool group_is_left() const;

  Children& children_;
  net::Timer changed_;  // woken when the child ends or order() is called
  pid_t pid_ = -1;
  int order_ = 0;
  bool ended_ = false;
  bool impatient_ = false;
  int exit_status_ = -1;
  int killed_by_ = 0;
};

}  // namespace netcat
