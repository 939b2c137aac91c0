// time_format.h - formats a point in time as a line of text.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace clockd {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

class TimeFormat {
 public:
  // A strftime(3) format, or one of: time rfc3339 rfc3339ms rfc1123 iso8601 unix unixms unixns
  // ansic kitchen.  %N is the fraction of the second in nanoseconds, %3N its first three digits, %f
  // in microseconds.  Returns an error, or an empty string.
  static std::string parse(std::string_view text, TimeFormat& format);

  // Formats `time` in the process's time zone (TZ), with a newline.
  std::string line(Time time) const;

 private:
  enum Tail { kNone, kOffset, kOffsetOrZ };
  std::string strftime_ = "%H:%M:%S";
  Tail tail_ = kNone;
};

// Makes `name` (Area/City) the process's time zone; false if the system has none of that name.
bool set_time_zone(const std::string& name);

}  // namespace clockd
