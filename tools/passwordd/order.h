// order.h - a client's order: the query of /password.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/http/query.h"
#include "tools/passwordd/charset.h"
#include "tools/passwordd/words.h"

namespace passwordd {

inline constexpr std::uint32_t kCountMax = 10'000;
inline constexpr std::uint32_t kLengthMin = 4;
inline constexpr std::uint32_t kLengthMax = 256;

inline constexpr std::uint32_t kWordsMax = 64;

struct Order {
  std::uint32_t count = 100;
  std::uint32_t length = 12;
  Charset charset;
  unsigned classes = 0;     // of which each password has a character each
  std::uint32_t words = 0;  // 0: of characters
  std::string separator = "-";
  std::shared_ptr<const Words> list = {};  // null: there is none
  bool json = false;
  bool entropy = false;

  std::size_t bytes_max() const;  // of the whole answer
  double bits() const;            // of each password
};

// Whether passwords of its classes can be generated; returns an error, or an empty string.
std::string wrong_with_classes(const Order& order);
// Changes `order` as the query says.  Returns an error in one sentence, or an empty string.
std::string apply(const net::http::Query& query, Order& order);

}  // namespace passwordd
