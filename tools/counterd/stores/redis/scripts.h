// scripts.h - the Lua script that executes a command on counters in Redis atomically.
//
// The counter NAME is the hash at PREFIX + NAME.  Its fields are `value`, `changed` and, if it
// expires, `expires` and `ttl`; times are in milliseconds since 1970 by Redis' clock.  The key
// expires together with the counter.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/counterd/counter.h"
#include "tools/counterd/stores/redis/value.h"

namespace counterd {

// KEYS: the keys of the counters, and for a command with a token its key.  ARGV: the result of
// redis_arguments().  Answer: for each counter a list of a word ("done"), the value before, and the
// current value, changed and expires.  If nothing was done, it is one list of another word, the
// number of the counter, and the same fields.  "refused" and "unknown" are followed by Redis' error
// instead; after "unknown" the command may have been executed.  Numbers are texts, because in Lua
// they would be doubles.
const std::string& redis_script();

struct RedisLimits {
  std::uint64_t max_counters = 0;
  Millis op_window{0};
};
std::vector<std::string> redis_arguments(const Command& command, const RedisLimits& limits);

Outcome redis_outcome(const RedisValue& answer);
// The outcome of an error from Redis itself: nothing has changed.
Outcome redis_refusal(const std::string& sentence);

// Makes a counter of value, changed and expires; returns nothing if they are not a counter's.
std::optional<Counter> redis_counter(std::span<const RedisValue> fields);

}  // namespace counterd
