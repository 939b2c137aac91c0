#include "tools/counterd/stores/redis/scripts.h"

#include <algorithm>
#include <array>
#include <map>

#include "tools/counterd/operations.h"

namespace counterd {

// Reads and computes everything first, then writes.  Only the first command that writes can still
// be refused: the permissions for the others are checked before (Redis 7).  Numbers are pairs of
// doubles, the second with nine digits.  The limit counts all keys in the database, tokens too,
// because only that number costs nothing to get.
constexpr const char* kScript = R"lua(
local kind, value, expected, ttl, renews, changed, expires, limit, lower, upper, saturates,
  may_create, mark, window = unpack(ARGV)
local counters = mark == '' and #KEYS or #KEYS - 1
local creates = kind == 'set' or kind == 'inc' or kind == 'import'
local todo, wrote, now = {}, false, nil

local function less(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end
local least, greatest = {-9223372036, -854775808}, {9223372036, 854775807}
local function number(text)
  local sign, digits = string.match(text, '^(-?)(%d+)$')
  if not digits or #digits > 19 then return nil end
  if string.sub(digits, 1, 1) == '0' and text ~= '0' then return nil end
  sign = sign == '-' and -1 or 1
  local high = tonumber(string.sub(digits, 1, -10)) or 0
  local n = {sign * high, sign * tonumber(string.sub(digits, -9))}
  if less(n, least) or less(greatest, n) then return nil end
  return n
end
local function text(n)
  if n[1] == 0 then return string.format('%d', n[2]) end
  return string.format('%d%09d', n[1], math.abs(n[2]))
end
local function sum(a, b)
  local high, low = a[1] + b[1], a[2] + b[2]
  local carry = low < 0 and math.ceil(low / 1e9) or math.floor(low / 1e9)
  high, low = high + carry, low - carry * 1e9
  if high > 0 and low < 0 then return {high - 1, low + 1e9} end
  if high < 0 and low > 0 then return {high + 1, low - 1e9} end
  return {high, low}
end

local function look(key)
  local old = redis.pcall('HMGET', key, 'value', 'changed', 'expires', 'ttl')
  if old.err then
    if string.find(old.err, 'WRONGTYPE') then return nil end
    error(old)
  end
  if not old[1] then return redis.call('EXISTS', key) == 0 and old or nil end
  for i = 1, 4 do
    if old[i] and not number(old[i]) then return nil end
  end
  return old
end
local function say(word, old, new) return {word, old[1] or '0', new[1], new[2], new[3]} end

local function value_after(old)
  if kind == 'reset' then return '0' end
  if kind ~= 'inc' then return value end
  local n, low, high = sum(number(old[1] or '0'), number(value)), number(lower), number(upper)
  if less(n, low) or less(high, n) then
    if saturates == '0' then return nil end
    n = less(n, low) and low or high
  end
  return text(n)
end
local function later(time, millis)  -- but not later than a time can be
  local n = sum(number(time), number(millis))
  return text(less(greatest, n) and greatest or n)
end
local function lifetime(old)  -- where it is not written, it is from the last change to the end
  if not old[3] or old[4] then return old[4] end
  if not old[2] or not less(number(old[2]), number(old[3])) then return nil end
  local changed_at = number(old[2])
  local life = sum(number(old[3]), {-changed_at[1], -changed_at[2]})
  return not less(greatest, life) and text(life) or nil
end
local function set(key, old, new_value)
  local new, life = {new_value, changed ~= '' and changed or now, old[3]}, nil
  if kind == 'import' then
    new[3] = expires ~= '' and expires
  elseif not old[1] then
    new[3] = ttl ~= '' and later(now, ttl)
  else
    life = lifetime(old)
    if renews == '1' and ttl ~= '' then life = ttl end
    if renews == '1' and life then new[3] = later(now, life) end
  end
  local words = {'HSET', key, 'value', new_value, 'changed', new[2]}
  if new[3] then words[7], words[8] = 'expires', new[3] end
  if life then words[#words + 1], words[#words + 2] = 'ttl', life end
  todo[#todo + 1] = words
  if old[4] and not life then todo[#todo + 1] = {'HDEL', key, 'ttl'} end
  if new[3] and new[3] ~= old[3] then todo[#todo + 1] = {'PEXPIREAT', key, new[3]} end
  if old[3] and not new[3] then
    todo[#todo + 1] = {'HDEL', key, 'expires'}
    todo[#todo + 1] = {'PERSIST', key}
  end
  return say('done', old, new)
end
local made = 0
local function has_room()  -- for one more key
  made = made + 1
  return redis.call('DBSIZE') + made <= tonumber(limit)
end
local function plan(key)
  local old = look(key)
  if not old then return {'foreign'} end
  if not old[1] and not (creates and may_create == '1') then return {'not found'} end
  if kind == 'get' then return say('done', old, old) end
  if kind == 'import' and expires ~= '' and not less(number(now), number(expires)) then
    if old[1] then todo[#todo + 1] = {'DEL', key} end
    return say('done', old, old)
  end
  if kind == 'delete' then
    todo[#todo + 1] = {'DEL', key}
    return say('done', old, old)
  end
  if kind == 'cas' and old[1] ~= expected then return say('mismatch', old, old) end
  local new_value = value_after(old)
  if not new_value then return say('overflow', old, {old[1] or '0', old[2], old[3]}) end
  if not old[1] and not has_room() then return {'too many'} end
  return set(key, old, new_value)
end

local function remember(answer)
  if mark == '' then return end
  local key = KEYS[#KEYS]
  todo[#todo + 1] = {'SET', key, cjson.encode({mark, answer}), 'PX', window}
end
local function compute()
  if mark ~= '' then
    local said = redis.call('GET', KEYS[#KEYS])
    if said then
      said = cjson.decode(said)
      return said[1] == mark and said[2] or {{'reused', '0'}}
    end
    if not has_room() then return {{'too many tokens', '0'}} end
  end
  local answer = {}
  for i = 1, counters do
    local one = plan(KEYS[i])
    if one[1] ~= 'done' then
      todo = {}
      one = {one[1], tostring(i - 1), one[2], one[3], one[4], one[5]}
      if one[1] ~= 'foreign' and one[1] ~= 'too many' then remember({one}) end
      return {one}
    end
    answer[i] = one
  end
  remember(answer)
  return answer
end
local function run()
  local time = redis.call('TIME')
  now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  local answer = compute()
  for i = 2, #todo do
    if redis.acl_check_cmd and not redis.acl_check_cmd(unpack(todo[i])) then
      error({err = 'NOPERM this user has no permissions to run the ' .. todo[i][1] .. ' command'})
    end
  end
  for i = 1, #todo do
    redis.call(unpack(todo[i]))
    wrote = true
  end
  return answer
end
local done, answer = pcall(run)
if done then return answer end
local why = type(answer) == 'table' and answer.err or tostring(answer)
return {{wrote and 'unknown' or 'refused', why}}
)lua";

const std::string& redis_script() {
  static const std::string script(kScript);
  return script;
}

// --- to Redis ---

static std::string text_of(Time time) {
  return time == kNever ? "" : std::to_string(time.time_since_epoch().count());
}

std::vector<std::string> redis_arguments(const Command& command, const RedisLimits& limits) {
  static constexpr std::array<const char*, 7> kKinds{"get",    "set", "inc",   "reset",
                                                     "delete", "cas", "import"};
  const auto flag = [](bool yes) { return std::string(yes ? "1" : "0"); };
  return {kKinds.at(command.kind),
          std::to_string(command.value),
          std::to_string(command.expected),
          command.ttl > Millis::zero() ? std::to_string(command.ttl.count()) : "",
          flag(command.renews),
          text_of(command.changed),
          text_of(command.expires),
          std::to_string(limits.max_counters),
          std::to_string(command.min),
          std::to_string(command.max),
          flag(command.saturates),
          flag(command.may_create),
          command.op.empty() ? "" : mark_of(command),
          std::to_string(limits.op_window.count())};
}

// --- from Redis ---

Outcome redis_refusal(const std::string& sentence) {
  struct Meaning {
    const char* code;
    Outcome::Status status;
  };
  using enum Outcome::Status;
  static constexpr Meaning kMeanings[] = {
      {"OOM ", kNoSpace},           {"WRONGTYPE", kForeign},      {"CROSSSLOT", kCrossSlot},
      {"LOADING", kUnavailable},    {"BUSY", kUnavailable},       {"CLUSTERDOWN", kUnavailable},
      {"TRYAGAIN", kUnavailable},   {"MASTERDOWN", kUnavailable}, {"READONLY", kUnavailable},
      {"NOREPLICAS", kUnavailable}, {"MISCONF", kUnavailable},    {"MOVED", kUnavailable},
      {"ASK ", kUnavailable},       {"NOSCRIPT", kUnavailable},   {"max number of", kUnavailable},
      {"user_script", kUnknown}};
  Outcome outcome{.status = kRefused, .why = "redis: " + sentence};
  for (const auto& [code, status] : kMeanings) {
    if (sentence.find(code) == std::string::npos) continue;
    outcome.status = status;
    break;
  }
  return outcome;
}

static Outcome nonsense() {
  return {.status = Outcome::kUnknown, .why = "redis: an answer that is not understood"};
}

static Outcome outcome_of(const RedisValue& answer) {
  using enum Outcome::Status;
  static const std::map<std::string, Outcome::Status, std::less<>> statuses{
      {"done", kDone},         {"not found", kNotFound},
      {"mismatch", kMismatch}, {"overflow", kOverflow},
      {"too many", kTooMany},  {"foreign", kForeign},
      {"reused", kReused},     {"unknown", kUnknown},
      {"refused", kRefused},   {"too many tokens", kTooMany}};
  std::span<const RedisValue> fields = answer.list;
  const auto status = statuses.find(fields.empty() ? "" : fields[0].text);
  if (status == statuses.end()) return nonsense();
  fields = fields.subspan(1);
  Outcome outcome{.status = status->second};
  if (status->first == "too many tokens")
    outcome.why = "op: more keys than --max-counters, of which each token is one";
  if (outcome.status == kRefused || outcome.status == kUnknown) {
    Outcome refused = redis_refusal(fields.empty() ? "" : fields[0].text);
    const bool known = outcome.status == kRefused;
    if (!known || refused.status == kUnknown) refused.status = outcome.status;
    return refused;
  }
  if (outcome.status != kDone) {
    outcome.failed =
        static_cast<std::size_t>(parse_value(fields.empty() ? "" : fields[0].text).value_or(0));
    fields = fields.subspan(std::min<std::size_t>(1, fields.size()));
  }
  if (fields.size() < 4) return outcome;
  outcome.before = parse_value(fields[0].text).value_or(0);
  outcome.counter = redis_counter(fields.subspan(1, 3)).value_or(Counter());
  return outcome;
}

Outcome redis_outcome(const RedisValue& answer) {
  if (answer.list.empty()) return nonsense();
  Outcome outcome = outcome_of(answer.list[0]);
  for (std::size_t i = 1; i < answer.list.size() && outcome.status == Outcome::kDone; ++i)
    outcome.others.push_back(outcome_of(answer.list[i]));
  return outcome;
}

// Parses a number strictly, as the script does: each number has only one form.
static std::optional<std::int64_t> number_of(const RedisValue& field) {
  const auto number = parse_value(field.text);
  return number && std::to_string(*number) == field.text ? number : std::nullopt;
}

static std::optional<Time> time_of(const RedisValue& field) {
  if (field.type == RedisValue::kNothing) return kNever;
  const auto number = number_of(field);
  if (!number) return std::nullopt;
  return Time(Millis(*number));
}

std::optional<Counter> redis_counter(std::span<const RedisValue> fields) {
  if (fields.size() != 3) return std::nullopt;
  const auto value = number_of(fields[0]);
  const auto changed = time_of(fields[1]);
  const auto expires = time_of(fields[2]);
  if (!value || !changed || !expires) return std::nullopt;
  return Counter{*value, *changed, *expires, Millis(0)};
}

}  // namespace counterd
