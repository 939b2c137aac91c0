#include "tools/counterd/stores/redis/scripts.h"

namespace counterd {

// HINCRBY computes: it is exact, and fails where the sum does not fit.  The limit is of all keys in
// the database, which is the one number of them that costs nothing.
constexpr const char* kCommon = R"lua(
local key, value, expected, ttl, changed, expires, max = KEYS[1], unpack(ARGV)
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function look()
  return redis.call('HMGET', key, 'value', 'changed', 'expires')
end
local function say(word, before, counter)
  return {word, before, counter[1], counter[2], counter[3]}
end
local function too_many()
  return max ~= '0' and redis.call('DBSIZE') >= tonumber(max)
end
local function expire(at)
  redis.call('HSET', key, 'expires', at)
  redis.call('PEXPIREAT', key, at)
end
local function touch(created)
  local at = now()
  if changed == '0' then changed = string.format('%.0f', at) end
  redis.call('HSET', key, 'changed', changed)
  if created and ttl ~= '0' then
    expire(string.format('%.0f', at + ttl))
  end
end
local old = look()
)lua";

constexpr const char* kSet = R"lua(
if not old[1] and too_many() then return {'too many'} end
redis.call('HSET', key, 'value', value)
touch(not old[1])
return say('done', old[1] or '0', look())
)lua";

constexpr const char* kInc = R"lua(
if not old[1] and too_many() then return {'too many'} end
local sum = redis.pcall('HINCRBY', key, 'value', value)
if type(sum) == 'table' then
  if string.find(sum.err, 'overflow') then return say('overflow', old[1], old) end
  return sum
end
touch(not old[1])
return say('done', old[1] or '0', look())
)lua";

constexpr const char* kReset = R"lua(
if not old[1] then return {'not found'} end
redis.call('HSET', key, 'value', '0')
touch(false)
return say('done', old[1], look())
)lua";

constexpr const char* kDelete = R"lua(
if not old[1] then return {'not found'} end
redis.call('DEL', key)
return say('done', old[1], old)
)lua";

constexpr const char* kCas = R"lua(
if not old[1] then return {'not found'} end
if old[1] ~= expected then return say('mismatch', old[1], old) end
redis.call('HSET', key, 'value', value)
touch(false)
return say('done', old[1], look())
)lua";

constexpr const char* kImport = R"lua(
if expires ~= '0' and tonumber(expires) <= now() then
  if old[1] then redis.call('DEL', key) end
  return say('done', old[1] or '0', old)
end
if not old[1] and too_many() then return {'too many'} end
redis.call('HSET', key, 'value', value)
touch(false)
redis.call('HDEL', key, 'expires')
redis.call('PERSIST', key)
if expires ~= '0' then expire(expires) end
return say('done', old[1] or '0', look())
)lua";

const std::array<std::string, kRedisScripts>& redis_scripts() {
  static const std::array<std::string, kRedisScripts> scripts = [] {
    std::array<std::string, kRedisScripts> texts;
    const char* const endings[] = {kSet, kInc, kReset, kDelete, kCas, kImport};
    for (std::size_t i = 0; i < kRedisScripts; ++i) texts[i] = std::string(kCommon) + endings[i];
    return texts;
  }();
  return scripts;
}

static std::optional<Time> time_of(const RedisValue& field) {
  if (field.type == RedisValue::kNothing) return kNever;
  const auto number = parse_value(field.text);
  if (!number) return std::nullopt;
  return Time(Millis(*number));
}

std::optional<Counter> redis_counter(std::span<const RedisValue> fields) {
  if (fields.size() != 3) return std::nullopt;
  const auto value = parse_value(fields[0].text);
  const auto changed = time_of(fields[1]);
  const auto expires = time_of(fields[2]);
  if (!value || !changed || !expires) return std::nullopt;
  return Counter{*value, *changed, *expires};
}

}  // namespace counterd
