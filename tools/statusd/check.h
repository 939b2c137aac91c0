// check.h - commands whose exit status decides whether the service is ready.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <deque>
#include <string>
#include <string_view>

#include "common/net/timer.h"

namespace statusd {

// One command and its last result; one loop writes it, all loops read it.
struct Check {
  std::string name;
  std::string command;  // for sh -c
  // An exit status, kKilled + a signal, kFailed + an errno, or one of the other constants.
  std::atomic<int> outcome{kPending};
  pid_t pid = 0;  // the process group that runs it; 0: not running

  static constexpr int kKilled = 1000, kFailed = 2000, kPending = -1, kLate = -2;
  bool ok() const { return outcome == 0; }
  std::string detail() const;  // "exit status 1"
};

struct Checks {
  std::deque<Check> all;
  net::Millis every{10'000};
  net::Millis timeout{5'000};
  bool stopped = false;

  // [NAME=]COMMAND; without a NAME the command is the name.  Returns an error, or an empty string.
  std::string add(std::string_view text);
  bool ok() const;
  // One line per check: "ok NAME" or "failed NAME: exit status 1".
  std::string lines() const;
  std::string json() const;  // [{"name":...,"ok":true,"detail":...}]
  // Kills running checks and starts no more; the results stay.  Call it on the loop that runs them.
  void stop();
};

// Runs each check at once and then again after each period, until the loop is cancelled.
net::Task<> run_checks(net::Loop& loop, Checks& checks);

}  // namespace statusd
