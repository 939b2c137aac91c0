// query.h - parses queries and forms: application/x-www-form-urlencoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace net::http {

// "a=1&b=x%20y+z": '+' is a space, keys may repeat, and a key without '=' has an empty value.
class Query {
 public:
  // Returns nothing if a '%' is not followed by two hexadecimal digits.
  static std::optional<Query> parse(std::string_view text);

  std::optional<std::string_view> get(std::string_view key) const;  // the first value
  std::vector<std::string_view> all(std::string_view key) const;
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// Decodes a path, in which '+' means itself.  Returns nothing in the same case.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace net::http
