#include "tools/passwordd/order.h"

#include "common/cli/cli.h"

namespace passwordd {

static std::string set_format(std::string_view value, Order& order) {
  if (value != "json" && value != "text")
    return "'" + std::string(value) + "' is neither text nor json";
  order.json = value == "json";
  return "";
}

static std::string set_entropy(std::string_view value, Order& order) {
  if (value != "0" && value != "1") return "'" + std::string(value) + "' is neither 0 nor 1";
  order.entropy = value == "1";
  return "";
}

static std::string set(std::string_view key, std::string_view value, Order& order) {
  if (key == "count") return net::number(order.count, 1, kCountMax)(value);
  if (key == "length") return net::number(order.length, kLengthMin, kLengthMax)(value);
  if (key == "charset") return Charset::parse(value, order.charset);
  if (key == "format") return set_format(value, order);
  if (key == "entropy") return set_entropy(value, order);
  return "no such parameter (there are count, length, charset, format and entropy)";
}

// A parameter that nobody knows, or that comes twice, is an error: a misspelt length would
// otherwise give passwords weaker than those that were asked for.
std::string apply(const net::http::Query& query, Order& order) {
  for (const auto& [key, value] : query.pairs()) {
    std::string wrong = query.all(key).size() > 1 ? "given twice" : set(key, value, order);
    if (!wrong.empty()) return wrong.insert(0, key + ": ");
  }
  return "";
}

std::size_t Order::bytes_max() const {
  constexpr std::size_t kCharacterBytesMax = 4;  // in UTF-8; one that JSON escapes has two
  constexpr std::size_t kFrameBytesMax = 64;     // around each: quotes, names, entropy
  return count * (length * kCharacterBytesMax + kFrameBytesMax);
}

}  // namespace passwordd
