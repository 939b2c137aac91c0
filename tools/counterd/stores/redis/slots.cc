#include "tools/counterd/stores/redis/slots.h"

#include <algorithm>

#include "common/net/address.h"

namespace counterd {

// CRC-16/XMODEM.
static std::uint16_t crc16(std::string_view text) {
  constexpr std::uint32_t kPolynomial = 0x1021;
  std::uint32_t crc = 0;
  for (const char c : text) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc <<= 1;
      if ((crc & 0x10000) != 0) crc ^= 0x10000 | kPolynomial;
    }
  }
  return static_cast<std::uint16_t>(crc);
}

std::string_view redis_hashed(std::string_view key) {
  const std::size_t open = key.find('{');
  const std::size_t close = open == key.npos ? key.npos : key.find('}', open);
  if (close != key.npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  return key;
}

std::uint16_t redis_slot(std::string_view key) { return crc16(redis_hashed(key)) % kRedisSlots; }

static std::optional<std::uint16_t> slot_number(std::string_view text) {
  std::uint64_t number = 0;
  if (!net::parse_number(text, 0, kRedisSlots - 1, number)) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

// A server that does not know its own name, or does not report it, sends an empty name or "?".
static RedisAddress address_of(std::string_view host, std::uint16_t port,
                               const RedisAddress& asked) {
  const bool unknown = host.empty() || host == "?";
  return {unknown ? asked.host : std::string(host), port};
}

std::optional<RedisRedirection> RedisRedirection::parse(std::string_view error,
                                                        const RedisAddress& asked) {
  const std::size_t blank = error.find(' ');
  const std::size_t second = blank == error.npos ? error.npos : error.find(' ', blank + 1);
  const std::string_view word = error.substr(0, blank);
  if (second == error.npos || (word != "MOVED" && word != "ASK")) return std::nullopt;
  const auto slot = slot_number(error.substr(blank + 1, second - blank - 1));
  const std::string_view place = error.substr(second + 1);
  const std::size_t colon = place.rfind(':');  // an IPv6 address has no brackets here
  std::uint64_t port = 0;
  if (!slot || colon == place.npos ||
      !net::parse_number(place.substr(colon + 1), 1, UINT16_MAX, port))
    return std::nullopt;
  RedisRedirection redirection;
  redirection.ask = word == "ASK";
  redirection.slot = *slot;
  redirection.to = address_of(place.substr(0, colon), static_cast<std::uint16_t>(port), asked);
  return redirection;
}

std::optional<std::vector<RedisSlotRange>> parse_redis_slots(const RedisValue& answer,
                                                             const RedisAddress& asked) {
  if (answer.type != RedisValue::kList) return std::nullopt;
  std::vector<RedisSlotRange> ranges;
  for (const RedisValue& entry : answer.list) {  // first slot, last slot, owner, replicas
    if (entry.list.size() < 3 || entry.list[2].list.size() < 2) return std::nullopt;
    const std::int64_t first = entry.list[0].number;
    const std::int64_t last = entry.list[1].number;
    const std::int64_t port = entry.list[2].list[1].number;
    if (first < 0 || last < first || last >= kRedisSlots || port < 1 || port > UINT16_MAX)
      return std::nullopt;
    ranges.push_back(
        {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last),
         address_of(entry.list[2].list[0].text, static_cast<std::uint16_t>(port), asked)});
  }
  std::ranges::sort(ranges, {}, &RedisSlotRange::first);
  const auto overlap = std::ranges::adjacent_find(
      ranges, [](const auto& one, const auto& next) { return next.first <= one.last; });
  if (overlap != ranges.end()) return std::nullopt;
  return ranges;
}

}  // namespace counterd
