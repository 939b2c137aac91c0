#include "common/http/date.h"

#include <cstdio>

namespace net::http {

std::string_view Date::line() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return line(now.tv_sec);
}

std::string_view Date::line(std::time_t now) {
  if (now != formatted_) {
    formatted_ = now;
    format();
  }
  return {text_.data(), size_};
}

// Does not use strftime(3), because its names depend on the locale.
void Date::format() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  tm t{};
  gmtime_r(&formatted_, &t);
  const int size = std::snprintf(
      text_.data(), text_.size(), "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", kDays[t.tm_wday],
      t.tm_mday, kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  size_ = static_cast<std::size_t>(size);
}

}  // namespace net::http
