#include "tools/netcat/json_line.h"

#include <cstdio>

#include "common/cli/json.h"

namespace netcat {

std::string JsonLine::quoted(std::string_view text) {
  std::string out;
  net::append_json_string(out, text);
  return out;
}

JsonLine& JsonLine::add_raw(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? "{" : ",";
  text_ += quoted(name) + ":";
  text_ += value;
  return *this;
}

JsonLine& JsonLine::add(std::string_view name, std::string_view text) {
  return add_raw(name, quoted(text));
}

JsonLine& JsonLine::add(std::string_view name, std::uint64_t number) {
  return add_raw(name, std::to_string(number));
}

JsonLine& JsonLine::add(std::string_view name, double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", number);
  return add_raw(name, text);
}

}  // namespace netcat
