// sandbox.h - daemons with an intruder inside: the attempts of breaking_out.cc.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {

// errno by attempt; 0: it succeeded.
using Attempts = std::map<std::string, int>;

// The next report of the intruder; other lines are skipped.
Attempts read_attempts(Channel& channel);

// Of a daemon that needs no files and no connections.
Attempts all_refused();
// Of one with --no-sandbox, but for what depends on the host.
Attempts all_done();

// Skips the test where there is no sandbox.
class Sandboxed : public testing::Test {
 protected:
  void SetUp() override;
  // For a daemon with an intruder.
  Spawn invaded(std::vector<std::string> environment = {}) const;
  // The attempts that it makes when a client comes.
  static Attempts attempts_in(const Daemon& daemon);

  const TempDir dir_;
  const std::string outside_ = dir_.path("outside");  // where it tries to change files
};

}  // namespace e2e
