// json_line.h - builds one JSON object on one line (RFC 8259).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace netcat {

class JsonLine {
 public:
  explicit JsonLine(std::string_view event) { add("event", event); }
  JsonLine& add(std::string_view name, std::string_view text);
  JsonLine& add(std::string_view name, const char* text) {
    return add(name, std::string_view(text));
  }
  JsonLine& add(std::string_view name, std::uint64_t number);
  JsonLine& add(std::string_view name, double number);  // rounded to three decimals
  JsonLine& add(std::string_view name, bool value) {
    return add_raw(name, value ? "true" : "false");
  }
  // `value` must already be JSON.
  JsonLine& add_raw(std::string_view name, std::string_view value);

  std::string text() const { return text_ + "}"; }
  // A JSON string; invalid UTF-8 becomes U+FFFD.
  static std::string quoted(std::string_view text);

 private:
  std::string text_;
};

}  // namespace netcat
