// prepare.h - prepares a store before counterd serves: --import, --start, --export.
#pragma once

#include <string>
#include <vector>

#include "tools/counterd/store.h"

namespace counterd {

struct Preparation {
  std::string imported;      // the text of a list in JSON; empty: none
  std::vector<Entry> start;  // to be created unless they exist
  bool exports = false;
  bool waits = false;  // --start waits for a store that is unavailable

  bool changes() const { return !imported.empty() || !start.empty(); }
};

// Starts the store and does all of this.  Returns the exit status, after logging any error.  What
// remains in `start` has to be created once the store is available.
int prepare(Preparation& preparation, const Opened& opened);

// Creates these counters as soon as the store is available.
net::Task<> start_later(net::Loop& loop, Store& store, std::vector<Entry> start);

}  // namespace counterd
