// programs.h - a program for each connection: --exec and --sh-exec.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "common/net/address.h"
#include "common/net/fd.h"
#include "tools/netcat/channel/channel.h"
#include "tools/netcat/program/child.h"
#include "tools/netcat/program/environment.h"
#include "tools/netcat/session.h"

namespace netcat {

class ProgramPipes;
class Relay;

class Programs {
 public:
  explicit Programs(Session& session);

  // Serves one connection, from the program's start until its whole group has ended.
  net::Task<Outcome> run(std::unique_ptr<Channel> remote, net::SockAddr peer);
  // Called when a signal ends us: sends SIGTERM to every program and starts no more.  Returns false
  // if no program runs.
  bool stop(int signal);
  std::function<void()> on_stop;
  // 128 + the number of the signal that called stop(); 0: none.
  int stopped_by() const { return stopped_by_ == 0 ? 0 : 128 + stopped_by_; }
  // Must be awaited.
  net::Task<> close() { return children_.close(); }

 private:
  struct Run;
  class Patience;
  // Returns false if that fails; run.outcome has the reason.
  net::Task<bool> start(Run& run, int in, int out);
  net::Task<> hand_over(Run& run);
  net::Task<> deliver(Run& run);
  void set_lost(Run& run) const;
  net::Task<> relay_to(Run& run);
  net::Task<> watch_program(Run& run, ProgramPipes& local, Relay& relay);
  ConnectionFacts facts_of(const Channel& remote, const net::SockAddr& peer) const;
  Outcome outcome_of_run(const Run& run) const;

  Session& session_;
  Children children_;
  std::list<Child*> running_;
  int stopped_by_ = 0;
  bool starved_ = false;  // no process could be started, and this was reported
};

}  // namespace netcat
