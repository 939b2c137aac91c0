// For builds without SQLite.

#include "tools/counterd/store.h"

namespace counterd {

Opened open_sqlite_store(const StoreOptions& options) {
  return {nullptr, options.place + ": this counterd was built without SQLite"};
}

}  // namespace counterd
