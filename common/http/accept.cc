#include "common/http/accept.h"

#include <string>

#include "common/cli/cli.h"

namespace net::http {

static std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Where the first `separator` is that is not in a quoted string (RFC 9110, 5.6.4).
static std::size_t find_outside_quotes(std::string_view text, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == separator && !quoted) return i;
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '\\' && quoted) ++i;
  }
  return std::string_view::npos;
}

// Removes and returns the part of `rest` before the first `separator`.
static std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = find_outside_quotes(rest, separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return trimmed(part);
}

static double weight(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = take(parameters, ';');
    if (!equal_ignoring_case(take(value, '='), "q")) continue;
    double q = 0;
    return take_decimal(value, q) ? q : 0;
  }
  return 1;
}

struct Wish {
  double weight = 0;
  int close = -1;  // how specific the matching range is
  friend auto operator<=>(const Wish&, const Wish&) = default;
};

// The weight of a type: that of its own name, or else of the most specific range that matches it.
static Wish wanted(std::string_view accept, std::string_view type, std::string_view range) {
  Wish wish;
  while (!accept.empty()) {
    std::string_view parameters = take(accept, ',');
    const std::string_view name = take(parameters, ';');
    const int close = equal_ignoring_case(name, type)    ? 2
                      : equal_ignoring_case(name, range) ? 1
                      : name == "*/*"                    ? 0
                                                         : -1;
    if (close > wish.close) wish = {weight(parameters), close};
  }
  return wish;
}

static std::string range_of(std::string_view type) {
  return std::string(type.substr(0, type.find('/'))) + "/*";
}

static bool prefers(std::string_view accept, std::string_view type, std::string_view other) {
  const Wish wish = wanted(accept, type, range_of(type));
  return wish.weight > 0 && wish > wanted(accept, other, range_of(other));
}

// Several Accept fields count as one list.
bool prefers(const Request& request, std::string_view type, std::string_view other) {
  std::string_view accept;
  std::string joined;
  for (const Field& field : request.fields) {
    if (!equal_ignoring_case(field.name, "Accept")) continue;
    const bool first = accept.empty();
    if (!first && joined.empty()) joined = accept;
    accept = first ? field.value : std::string_view(joined.append(",").append(field.value));
  }
  if (accept.empty() || accept == "*/*") return false;  // most clients accept anything
  return prefers(accept, type, other);
}

bool prefers_json(std::string_view accept) {
  return prefers(accept, "application/json", "text/plain");
}

bool prefers_json(const Request& request) {
  return prefers(request, "application/json", "text/plain");
}

}  // namespace net::http
