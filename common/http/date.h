// date.h - the Date field (RFC 9110, 5.6.7 and 6.6.1).
#pragma once

#include <array>
#include <ctime>
#include <string_view>

namespace net::http {

// Formatted once per second, not once per response.
class Date {
 public:
  // "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
  std::string_view line();
  std::string_view line(std::time_t now);

 private:
  void format();

  std::time_t formatted_ = -1;
  std::array<char, 64> text_{};
  std::size_t size_ = 0;
};

}  // namespace net::http
