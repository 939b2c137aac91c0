// For builds without hiredis.

#include "tools/counterd/store.h"

namespace counterd {

Opened open_redis_store(const StoreOptions& options) {
  return {nullptr, options.place + ": this counterd was built without hiredis"};
}

}  // namespace counterd
