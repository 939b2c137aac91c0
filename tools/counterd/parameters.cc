#include "tools/counterd/parameters.h"

#include <algorithm>
#include <utility>

#include "common/http/query.h"
#include "tools/counterd/json_reader.h"

namespace counterd {

static std::string_view take_first(std::string_view& form) {
  const std::string_view pair = form.substr(0, form.find('&'));
  form.remove_prefix(pair.size() < form.size() ? pair.size() + 1 : pair.size());
  return pair;
}

std::string take_pairs(std::string_view form, const TakePair& take) {
  while (!form.empty()) {
    const std::string_view pair = take_first(form);
    std::string wrong;
    if (pair.find('%') == pair.npos && pair.find('+') == pair.npos) {  // usually nothing to decode
      const std::size_t equals = std::min(pair.find('='), pair.size());
      const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
      if (!pair.empty()) wrong = take(pair.substr(0, equals), value);
    } else {
      const auto query = net::http::Query::parse(pair);
      if (!query) return "malformed percent-encoding";
      for (const auto& [key, text] : query->pairs()) wrong = take(key, text);
    }
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string_view raw_value(std::string_view form, std::string_view key) {
  while (!form.empty()) {
    const std::string_view pair = take_first(form);
    if (pair.starts_with(key) && pair.substr(key.size()).starts_with('='))
      return pair.substr(key.size() + 1);
  }
  return {};
}

// Reads a string, a number, true or false as text.
static bool read_value(JsonReader& json, std::string& value) {
  if (json.peek() == '"') return json.string(value);
  value = json.number();
  if (!value.empty()) return true;
  const std::string_view word = json.word();
  if (word == "true" || word == "false") value = word;
  return !value.empty() || json.fail("a value is neither a string nor a number");
}

static std::string take_member(JsonReader& json, const std::string& key, const TakePair& take) {
  const bool several = json.take('[');
  std::string wrong;
  do {
    std::string value;
    if (!read_value(json, value)) return "";
    wrong = take(key, value);
  } while (wrong.empty() && several && json.take(','));
  if (wrong.empty() && several) (void)json.expect(']');
  return wrong;
}

std::string take_members(std::string_view text, const TakePair& take) {
  constexpr std::string_view kName = "name";  // several of them are an array, not several members
  JsonReader json(text);
  std::string wrong;
  bool named = false;
  bool more = json.expect('{') && !json.take('}');
  while (more) {
    std::string key;
    if (json.string(key) && json.expect(':')) wrong = take_member(json, key, take);
    if (key == kName && std::exchange(named, true)) return key + " is given twice";
    if (!wrong.empty()) return wrong;
    more = !json.failed() && json.take(',');
    if (!more && !json.failed()) (void)json.expect('}');
  }
  if (!json.failed() && !json.end()) json.fail("unexpected data after the object");
  return json.failed() ? "malformed JSON: " + json.why() : "";
}

}  // namespace counterd
