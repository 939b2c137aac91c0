#include "tools/passwordd/order.h"

#include <cmath>

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

static std::string set_words(std::string_view value, Order& order) {
  if (!order.list) return "no word list is loaded (see --words-file)";
  return net::number(order.words, 1, kWordsMax)(value);
}

static std::string set(std::string_view key, std::string_view value, Order& order) {
  if (key == "count") return net::number(order.count, 1, kCountMax)(value);
  if (key == "length") return net::number(order.length, kLengthMin, kLengthMax)(value);
  if (key == "charset") return Charset::parse_name(value, order.charset);
  if (key == "chars") return Charset::parse_characters(value, order.charset);
  if (key == "classes") return parse_classes(value, order.classes);
  if (key == "words") return set_words(value, order);
  if (key == "separator") return order.separator = value, wrong_with_text(value);
  if (key == "format") return set_format(value, order);
  if (key == "entropy") return set_entropy(value, order);
  return "unknown parameter (see passwordd(8))";
}

// Checks for parameters that cannot be combined, or have no meaning without another.
static std::string wrong_together(const net::http::Query& query) {
  const auto has = [&query](const char* key) { return query.get(key).has_value(); };
  if (has("charset") && has("chars")) return "chars: cannot be combined with charset";
  if (has("words"))
    for (const char* key : {"length", "charset", "chars", "classes"})
      if (has(key)) return std::string(key) + ": cannot be combined with words";
  return has("separator") && !has("words") ? "separator: requires words" : "";
}

// Passwords that lack a class are drawn again, so the share of those that have all must not be too
// small.
std::string wrong_with_classes(const Order& order) {
  constexpr double kShareMin = 0.01;
  if (order.classes == 0) return "";
  unsigned there = 0;
  for (const char32_t c : order.charset.characters()) there |= class_of(c);
  if ((order.classes & ~there) != 0)
    return "the characters to choose from do not cover every class";
  if (order.charset.share_with(order.classes, order.length) < kShareMin)
    return "fewer than 1% of such passwords have every class (try a greater length)";
  return "";
}

// Unknown and repeated parameters are errors: a misspelt length would otherwise give weaker
// passwords than those that were asked for.
std::string apply(const net::http::Query& query, Order& order) {
  if (query.pairs().empty()) return "";
  for (const auto& [key, value] : query.pairs()) {
    std::string wrong = query.all(key).size() > 1 ? "given twice" : set(key, value, order);
    if (!wrong.empty()) return wrong.insert(0, key + ": ");
  }
  if (std::string wrong = wrong_together(query); !wrong.empty()) return wrong;
  if (order.words > 0) return "";
  std::string wrong = wrong_with_classes(order);
  return wrong.empty() ? "" : "classes: " + wrong;
}

double Order::bits() const {
  if (words > 0) return words * std::log2(static_cast<double>(list->size()));
  return charset.bits(length, classes);
}

std::size_t Order::bytes_max() const {
  constexpr std::size_t kCharacterBytesMax = 4;  // in UTF-8; an escape in JSON has two
  constexpr std::size_t kFrameBytesMax = 64;     // per password: quotes, names, entropy
  if (words == 0) return count * (length * kCharacterBytesMax + kFrameBytesMax);
  const std::size_t pair = 2 * (list->bytes_max() + separator.size());  // if all of it is escaped
  return count * (words * pair + kFrameBytesMax);
}

}  // namespace passwordd
