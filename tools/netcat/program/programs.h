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

  // One connection, from the program's start until nothing of it is left.
  net::Task<Outcome> run(std::unique_ptr<Channel> remote, net::SockAddr peer);
  // A signal ends us: every program gets SIGTERM, and no other is started.  False: no program runs.
  bool stop(int signal);
  std::function<void()> on_stop;
  // 128 + the number of that signal; 0: none.
  int stopped_by() const { return stopped_by_ == 0 ? 0 : 128 + stopped_by_; }
  // Has to be awaited.
  net::Task<> close() { return children_.close(); }

 private:
  struct Run;
  class Patience;
  // False: run.outcome has the reason.
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
  bool starved_ = false;  // and this was reported
};

}  // namespace netcat
