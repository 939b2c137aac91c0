// prepare.h - what is done to a store before it is served: --import, --start, --export.
#pragma once

#include <string>
#include <vector>

#include "tools/counterd/store.h"

namespace counterd {

struct Preparation {
  std::string imported;      // the text of a list in JSON; empty: none
  std::vector<Entry> start;  // to be created where they are not there
  bool exports = false;
  bool waits = false;  // --start waits for a store that is away
};

// Starts the store and does all of it; returns the exit status, after logging the reason.  What is
// left of `start` is to be created when the store is there.
int prepare(Preparation& preparation, const Opened& opened);

// Creates them as soon as the store is there.
net::Task<> start_later(net::Loop& loop, Store& store, std::vector<Entry> start);

}  // namespace counterd
