// store.h - the store in Redis, with timeouts that a test can set.
#pragma once

#include "tools/counterd/store.h"
#include "tools/counterd/stores/redis/connection.h"

namespace counterd {

MakeStore make_redis_store(RedisOptions options);

}  // namespace counterd
