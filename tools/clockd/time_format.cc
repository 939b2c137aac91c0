#include "tools/clockd/time_format.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace clockd {

constexpr std::size_t kBytesMax = 1023;

// The text may be three times as long on another day: compare May and September.
static std::string strftime_of(const std::string& format, const std::tm& when) {
  std::array<char, 4 * kBytesMax> text;
  return {text.data(), std::strftime(text.data(), text.size(), format.c_str(), &when)};
}

// The format with the fraction of the second in place of %N, %1N to %9N and %f.
static std::string with_fraction(std::string_view format, std::chrono::nanoseconds fraction) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%09lld", static_cast<long long>(fraction.count()));
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const std::string_view rest = format.substr(i);
    const bool counted = rest.size() > 2 && rest[1] >= '1' && rest[1] <= '9' && rest[2] == 'N';
    if (rest.starts_with("%N"))
      out.append(digits, 9);
    else if (rest.starts_with("%f"))
      out.append(digits, 6);
    else if (rest[0] == '%' && counted)
      out.append(digits, static_cast<std::size_t>(rest[1] - '0'));
    else
      out.append(rest.substr(0, rest[0] == '%' ? 2 : 1));
    if (rest[0] == '%') i += counted ? 2 : 1;
  }
  return out;
}

std::string TimeFormat::parse(std::string_view text, TimeFormat& format) {
  struct Named {
    std::string_view name;
    const char* strftime;
    Tail tail;
  };
  constexpr std::array<Named, 10> kNamed{{
      {"time", "%H:%M:%S", kNone},
      {"rfc3339", "%Y-%m-%dT%H:%M:%S", kOffsetOrZ},
      {"rfc3339ms", "%Y-%m-%dT%H:%M:%S.%3N", kOffsetOrZ},
      {"rfc1123", "%a, %d %b %Y %H:%M:%S %Z", kNone},
      {"iso8601", "%Y-%m-%dT%H:%M:%S", kOffset},
      {"unix", "%s", kNone},
      {"unixms", "%s%3N", kNone},
      {"unixns", "%s%N", kNone},
      {"ansic", "%a %b %e %H:%M:%S %Y", kNone},
      {"kitchen", "%-I:%M%p", kNone},
  }};
  for (const Named& named : kNamed) {
    if (named.name != text) continue;
    format.strftime_ = named.strftime;
    format.tail_ = named.tail;
    return "";
  }
  const std::string quoted = "'" + std::string(text) + "'";
  if (text.find('%') == std::string_view::npos)
    return quoted +
           " is neither a strftime format nor one of time, rfc3339, rfc3339ms, rfc1123, iso8601, "
           "unix, unixms, unixns, ansic, kitchen";
  if (text.size() > 255) return "the format is longer than 255 bytes";
  const std::time_t now = std::time(nullptr);
  std::tm when{};
  localtime_r(&now, &when);
  const std::string today = strftime_of(with_fraction(text, {}), when);
  if (today.empty() || today.size() > kBytesMax)
    return quoted + " produces no text, or more than 1023 bytes";
  format.strftime_ = text;
  format.tail_ = kNone;
  return "";
}

static std::string offset_of(const std::tm& when) {
  const int minutes = std::abs(static_cast<int>(when.tm_gmtoff)) / 60;
  char text[32];
  std::snprintf(text, sizeof text, "%c%02d:%02d", when.tm_gmtoff < 0 ? '-' : '+', minutes / 60,
                minutes % 60);
  return text;
}

std::string TimeFormat::line(Time time) const {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = second.time_since_epoch().count();
  std::tm when{};
  localtime_r(&seconds, &when);
  std::string text = strftime_of(with_fraction(strftime_, time - second), when);
  if (tail_ == kOffsetOrZ && when.tm_gmtoff == 0)
    text += "Z";
  else if (tail_ == kOffset || tail_ == kOffsetOrZ)
    text += offset_of(when);
  return text + "\n";
}

// Checks the name, because tzset(3) silently treats an unknown name as UTC.
bool set_time_zone(const std::string& name) {
  const char* given = std::getenv("TZDIR");
  const bool has_directory = given != nullptr && *given != '\0';  // as in glibc
  const bool sane = !name.empty() && name[0] != '/' && name.find("..") == std::string::npos;
  const std::string path = std::string(has_directory ? given : "/usr/share/zoneinfo") + "/" + name;
  std::array<char, 4> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  if (!sane || std::string_view(magic.data(), magic.size()) != "TZif") return false;
  setenv("TZ", (":" + name).c_str(), 1);
  tzset();
  return true;
}

}  // namespace clockd
