// slots.h - Redis Cluster's arithmetic and words: which slot a key is in, whose a slot is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tools/counterd/stores/redis/url.h"
#include "tools/counterd/stores/redis/value.h"

namespace counterd {

inline constexpr std::uint16_t kRedisSlots = 16384;

// The slot of the text between the first { and the next } unless empty, else of the whole key.
std::uint16_t redis_slot(std::string_view key);
std::string_view redis_hashed(std::string_view key);

// "MOVED 3999 127.0.0.1:6381", "ASK 3999 ...": the server to ask instead.
struct RedisRedirection {
  bool ask = false;  // this once, and with ASKING
  std::uint16_t slot = 0;
  RedisAddress to;
  // `asked`: whose words these are, for an answer without a host.
  static std::optional<RedisRedirection> parse(std::string_view error, const RedisAddress& asked);
};

struct RedisSlotRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  RedisAddress owner;
  friend bool operator==(const RedisSlotRange&, const RedisSlotRange&) = default;
};
// What CLUSTER SLOTS answers, in the order of the slots; nothing where that makes no sense, an
// error for one.
std::optional<std::vector<RedisSlotRange>> parse_redis_slots(const RedisValue& answer,
                                                             const RedisAddress& asked);

}  // namespace counterd
