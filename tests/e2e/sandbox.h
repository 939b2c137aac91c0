// sandbox.h - daemons with a preloaded intruder, breaking_out.cc, and the results of its attempts.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {

// The errno of each attempt; 0: it succeeded.
using Attempts = std::map<std::string, int>;

// Returns the intruder's next report; skips other lines.
Attempts read_attempts(Channel& channel);

// The results expected in a daemon that needs no files and no connections.
Attempts all_refused();
// The results expected with --no-sandbox, except those that depend on the host.
Attempts all_done();

// Skips the test if the sandbox is not available.
class Sandboxed : public testing::Test {
 protected:
  void SetUp() override;
  // The settings to start a daemon with an intruder.
  Spawn invaded(std::vector<std::string> environment = {}) const;
  // The results of the attempts that it makes when a client connects.
  static Attempts attempts_in(const Daemon& daemon);

  const TempDir dir_;
  const std::string outside_ = dir_.path("outside");  // where the intruder tries to change files
};

}  // namespace e2e
