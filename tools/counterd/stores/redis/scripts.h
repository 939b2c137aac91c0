// scripts.h - what is done to a counter inside Redis, in one step: a Lua script for each kind
// of change.
//
// The counter NAME is the hash at counterd:NAME.  Its fields: `value`; `changed` and, where it
// expires, `expires`, in milliseconds since 1970 by Redis' clock.  The key expires then.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tools/counterd/counter.h"
#include "tools/counterd/stores/redis/value.h"

namespace counterd {

inline constexpr std::string_view kRedisPrefix = "counterd:";

// Of one key, KEYS[1].  ARGV: value, expected, ttl, changed, expires, max counters; "0" where there
// is none.
// Answer: a word ("done", "not found", "mismatch", "overflow", "too many"), the value before, then
// value, changed and expires as they are now.  Numbers are texts: to Lua they are doubles.
enum class RedisScript { kSet, kInc, kReset, kDelete, kCas, kImport };
inline constexpr std::size_t kRedisScripts = 6;

const std::array<std::string, kRedisScripts>& redis_scripts();

// From value, changed and expires; nothing where these are no counter's.
std::optional<Counter> redis_counter(std::span<const RedisValue> fields);

}  // namespace counterd
