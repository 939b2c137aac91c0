// counterd_fuzz: any bytes as a list to import, a body, a StatsD line, a redis URL and what Redis
// says: the first one chooses.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tools/counterd/import.h"
#include "tools/counterd/parameters.h"
#include "tools/counterd/statsd.h"
#include "tools/counterd/stores/redis/slots.h"
#include "tools/counterd/stores/redis/url.h"

namespace {

using namespace counterd;

void require(bool condition) {
  if (!condition) std::abort();
}

void try_list(std::string_view text) {
  ListReader reader(text);
  std::size_t entries = 0;
  while (reader.next()) ++entries;
  require(!reader.next());
  require(entries * std::string_view("{\"name\":\"\",\"value\":0}").size() <= text.size());
}

void try_body(std::string_view text) {
  std::size_t pairs = 0;
  const auto take = [&](std::string_view key, std::string_view value) {
    ++pairs;
    require(key.size() + value.size() <= text.size() + 2 * pairs);
    return std::string(key == "stop" ? "stopped" : "");
  };
  (void)take_members(text, take);
  pairs = 0;
  (void)take_pairs(text, take);
  const std::string_view raw = raw_value(text, "name");
  require(raw.empty() || text.find(raw) != text.npos);
}

void try_statsd(std::string_view text) {
  const auto increment = parse_statsd(text);
  if (increment) require(!increment->name.empty() && text.starts_with(increment->name));
}

void try_url(std::string_view text) {
  RedisUrl url;
  std::string why;
  if (!RedisUrl::parse(text, url, why)) return require(!why.empty());
  require(!url.seeds.empty());
  for (const RedisAddress& seed : url.seeds) require(!seed.host.empty());
}

void try_redirection(std::string_view text) {
  const RedisAddress asked{"127.0.0.1", 1};
  const auto moved = RedisRedirection::parse(text, asked);
  if (moved) require(moved->slot < kRedisSlots && !moved->to.host.empty());
  require(redis_slot(text) < kRedisSlots && redis_slot(text) == redis_slot(redis_hashed(text)));
}

// A list of lists from the bytes, as CLUSTER SLOTS answers.
RedisValue value_of(std::string_view& text, int depth) {
  RedisValue value;
  if (text.empty()) return value;
  const auto first = static_cast<unsigned char>(text[0]);
  text.remove_prefix(1);
  value.type = static_cast<RedisValue::Type>(first % 5);
  if (value.type == RedisValue::kList && depth > 0) {
    for (int i = 0; i < first / 32; ++i) value.list.push_back(value_of(text, depth - 1));
  } else if (value.type == RedisValue::kNumber) {
    value.number = first < 128 ? first : 16'000 + 3 * (first - 128);
  } else {
    value.text = text.substr(0, first / 16);
    text.remove_prefix(value.text.size());
  }
  return value;
}

void try_slots(std::string_view text) {
  const RedisValue answer = value_of(text, 4);
  const auto ranges = parse_redis_slots(answer, {"127.0.0.1", 1});
  if (!ranges) return;
  int after = 0;
  for (const RedisSlotRange& range : *ranges) {
    require(range.first >= after && range.first <= range.last && range.last < kRedisSlots);
    after = range.last + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr void (*kParsers[])(std::string_view) = {try_list, try_body,        try_statsd,
                                                    try_url,  try_redirection, try_slots};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  kParsers[data[0] % std::size(kParsers)](text);
  return 0;
}
