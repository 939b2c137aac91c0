// slots.h - Redis Cluster's slots: computes the slot of a key, and parses who owns a slot.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tools/counterd/stores/redis/url.h"
#include "tools/counterd/stores/redis/value.h"

namespace counterd {

inline constexpr std::uint16_t kRedisSlots = 16384;

// The slot of a key: that of the text between the first { and the next }, unless empty, else of the
// whole key.
std::uint16_t redis_slot(std::string_view key);
std::string_view redis_hashed(std::string_view key);

// "MOVED 3999 127.0.0.1:6381", "ASK 3999 ...": the server to ask instead.
struct RedisRedirection {
  bool ask = false;  // only for this command, and with ASKING
  std::uint16_t slot = 0;
  RedisAddress to;
  // `asked`: the server that sent the error, for an answer without a host.
  static std::optional<RedisRedirection> parse(std::string_view error, const RedisAddress& asked);
};

struct RedisSlotRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  RedisAddress owner;
  friend bool operator==(const RedisSlotRange&, const RedisSlotRange&) = default;
};
// Parses the answer to CLUSTER SLOTS, sorted by slot; returns nothing if it is invalid or an error.
std::optional<std::vector<RedisSlotRange>> parse_redis_slots(const RedisValue& answer,
                                                             const RedisAddress& asked);

}  // namespace counterd
