#include "tools/clockd/time_format.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace clockd {

static std::string strftime_of(const std::string& format, const std::tm& when) {
  std::array<char, 1024> text;
  return {text.data(), std::strftime(text.data(), text.size(), format.c_str(), &when)};
}

std::string TimeFormat::parse(std::string_view text, TimeFormat& format) {
  struct Named {
    std::string_view name;
    const char* strftime;
    Tail tail;
  };
  constexpr std::array<Named, 8> kNamed{{
      {"time", "%H:%M:%S", kNone},
      {"rfc3339", "%Y-%m-%dT%H:%M:%S", kOffsetOrZ},
      {"rfc1123", "%a, %d %b %Y %H:%M:%S %Z", kNone},
      {"iso8601", "%Y-%m-%dT%H:%M:%S", kOffset},
      {"unix", "%s", kNone},
      {"unixms", "%s", kMillis},
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
           " is neither a strftime format nor one of time, rfc3339, rfc1123, iso8601, "
           "unix, unixms, ansic, kitchen";
  if (text.size() > 255) return "the format is longer than 255 bytes";
  const std::time_t now = std::time(nullptr);
  std::tm when{};
  localtime_r(&now, &when);
  if (strftime_of(std::string(text), when).empty())
    return quoted + " makes no text, or more than 1023 bytes of it";
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
  std::string text = strftime_of(strftime_, when);
  if (tail_ == kOffsetOrZ && when.tm_gmtoff == 0)
    text += "Z";
  else if (tail_ == kOffset || tail_ == kOffsetOrZ)
    text += offset_of(when);
  if (tail_ == kMillis) {
    char millis[8];
    std::snprintf(millis, sizeof millis, "%03d", static_cast<int>((time - second).count()));
    text += millis;
  }
  return text + "\n";
}

// tzset(3) takes an unknown name for UTC without a word.
bool set_time_zone(const std::string& name) {
  const char* directory = std::getenv("TZDIR");
  const bool sane = !name.empty() && name[0] != '/' && name.find("..") == std::string::npos;
  const std::string path =
      std::string(directory != nullptr ? directory : "/usr/share/zoneinfo") + "/" + name;
  std::array<char, 4> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  if (!sane || std::string_view(magic.data(), magic.size()) != "TZif") return false;
  setenv("TZ", (":" + name).c_str(), 1);
  tzset();
  return true;
}

}  // namespace clockd
