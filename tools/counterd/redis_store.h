// redis_store.h - the store in Redis, with times of one's own.
#pragma once

#include "tools/counterd/redis_connection.h"
#include "tools/counterd/store.h"

namespace counterd {

MakeStore make_redis_store(RedisOptions options, std::uint64_t max_counters);

}  // namespace counterd
