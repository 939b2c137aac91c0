// order.h - what a client asks for: the query of /password.
#pragma once

#include <cstdint>
#include <string>

#include "common/http/query.h"
#include "tools/passwordd/charset.h"

namespace passwordd {

inline constexpr std::uint32_t kCountMax = 10'000;
inline constexpr std::uint32_t kLengthMin = 4;
inline constexpr std::uint32_t kLengthMax = 256;

struct Order {
  std::uint32_t count = 100;
  std::uint32_t length = 12;
  Charset charset;
  bool json = false;
  bool entropy = false;

  std::size_t bytes_max() const;  // of the whole answer
};

// Changes `order` as the query says.  Returns what is wrong with it, in one sentence, or nothing.
std::string apply(const net::http::Query& query, Order& order);

}  // namespace passwordd
