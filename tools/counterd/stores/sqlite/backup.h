// backup.h - a consistent copy of an SQLite file, made while it changes.
#pragma once

#include <string>

#include "tools/counterd/store.h"

namespace counterd {

// In steps, between which the other clients have their turn.  The copy has no name any more.
net::Task<Backup> back_up(net::Loop& loop, std::string path);

}  // namespace counterd
