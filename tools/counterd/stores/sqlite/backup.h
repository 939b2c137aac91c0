// backup.h - makes a consistent copy of an SQLite file while it changes.
#pragma once

#include <string>

#include "tools/counterd/store.h"

namespace counterd {

// Copies in steps, between which other clients have their turn.  The copy's file is already
// unlinked.
net::Task<Backup> back_up(net::Loop& loop, std::string path);

}  // namespace counterd
