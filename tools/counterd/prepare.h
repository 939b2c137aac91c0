// prepare.h - prepares a store before it is served: --import, --start, --export.
#pragma once

#include <string>
#include <vector>

#include "tools/counterd/store.h"

namespace counterd {

struct Preparation {
  std::string imported;      // the text of a list in JSON; empty: none
  std::vector<Entry> start;  // to be created where they are not there
  bool exports = false;
  bool waits = false;  // --start waits for a store that is unavailable
};

// Starts the store and does all of this; returns the exit status, after logging the reason.  What
// remains in `start` has to be created once the store is available.
int prepare(Preparation& preparation, const Opened& opened);

// Creates these counters as soon as the store is available.
net::Task<> start_later(net::Loop& loop, Store& store, std::vector<Entry> start);

}  // namespace counterd
