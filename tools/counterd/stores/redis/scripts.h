// scripts.h - the Lua script that executes a command on counters in Redis, in one step.
//
// The counter NAME is the hash at PREFIX + NAME.  Its fields: `value`; `changed` and, where it
// expires, `expires`, in milliseconds since 1970 by Redis' clock, and `ttl`.  The key expires then.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/counterd/counter.h"
#include "tools/counterd/stores/redis/value.h"

namespace counterd {

// KEYS: those of the counters, and where the command has a token a key for that.  ARGV: what
// redis_arguments() gives.
// Answer: a list for each counter, of a word ("done"), the value before, then value, changed and
// expires as they are now.  Where nothing has been done it is one list, of another word, the number
// of the counter, and the same of it.  "refused" and "unknown" have Redis' sentence in their place;
// after "unknown" it may have been done.  Numbers are texts: to Lua they are doubles.
const std::string& redis_script();

struct RedisLimits {
  std::uint64_t max_counters = 0;
  Millis op_window{0};
};
std::vector<std::string> redis_arguments(const Command& command, const RedisLimits& limits);

Outcome redis_outcome(const RedisValue& answer);
// Redis' own error: nothing has been changed.
Outcome redis_refusal(const std::string& sentence);

// From value, changed and expires; nothing if these are not a counter's.
std::optional<Counter> redis_counter(std::span<const RedisValue> fields);

}  // namespace counterd
