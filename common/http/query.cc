#include "common/http/query.h"

#include "common/cli/hex.h"

namespace net::http {

static std::optional<std::string> decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_blank) {
      c = ' ';
    } else if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    }
    out.push_back(c);
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) { return decoded(text, false); }

std::optional<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(pair.size() < text.size() ? pair.size() + 1 : pair.size());
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const bool has_value = equals != std::string_view::npos;
    auto key = decoded(pair.substr(0, equals), true);
    auto value = decoded(has_value ? pair.substr(equals + 1) : "", true);
    if (!key || !value) return std::nullopt;
    query.pairs_.emplace_back(std::move(*key), std::move(*value));
  }
  return query;
}

std::optional<std::string_view> Query::get(std::string_view key) const {
  for (const auto& [name, value] : pairs_)
    if (name == key) return value;
  return std::nullopt;
}

std::vector<std::string_view> Query::all(std::string_view key) const {
  std::vector<std::string_view> values;
  for (const auto& [name, value] : pairs_)
    if (name == key) values.push_back(value);
  return values;
}

}  // namespace net::http
