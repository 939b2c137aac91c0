// url.h - where Redis is: redis://[USER]:PASSWORD@HOST:PORT/DB, and what is left out of it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace counterd {

struct RedisAddress {
  std::string host;  // a name or a numeric address, without brackets
  std::uint16_t port = 6379;

  std::string to_string() const;  // 127.0.0.1:6379, [::1]:6379
  friend auto operator<=>(const RedisAddress&, const RedisAddress&) = default;
};

struct RedisUrl {
  RedisAddress address;
  std::string user;
  std::string password;
  std::uint32_t database = 0;

  // On error `why` says what is wrong, and never what the password is.
  static bool parse(std::string_view text, RedisUrl& url, std::string& why);
};

}  // namespace counterd
