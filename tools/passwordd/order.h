// order.h - what a client orders: the query of /password.
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
  unsigned classes = 0;     // each password contains all of these
  std::uint32_t words = 0;  // words per password; 0: a password of characters
  std::string separator = "-";
  std::shared_ptr<const Words> list = {};  // null: no list
  bool json = false;
  bool entropy = false;

  std::size_t bytes_max() const;  // of the whole answer
  double bits() const;            // of each password
};

// Checks whether passwords with its classes can be generated.  Returns an error, or an empty
// string.
std::string wrong_with_classes(const Order& order);
// Changes `order` according to the query.  Returns an error in one sentence, or an empty string.
std::string apply(const net::http::Query& query, Order& order);

}  // namespace passwordd
