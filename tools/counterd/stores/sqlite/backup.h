// backup.h - makes a consistent copy of an SQLite file while it changes.
#pragma once

#include <optional>
#include <string>

#include "tools/counterd/store.h"
#include "tools/counterd/stores/sqlite/identity.h"

namespace counterd {

// Copies in steps, between which other clients have their turn.  The copy's file is already
// unlinked.  Fails if `path` is now another file than `ours`.
net::Task<Backup> back_up(net::Loop& loop, std::string path, std::optional<FileStatus> ours);

}  // namespace counterd
