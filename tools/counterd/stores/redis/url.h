// url.h - parses redis://[USER]:PASSWORD@HOST:PORT[,HOST:PORT]/DB?prefix=P, with defaults for
// missing parts, and redis+unix:PATH?prefix=P.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace counterd {

struct RedisAddress {
  std::string host;           // a name or a numeric address, without brackets; or a socket's path
  std::uint16_t port = 6379;  // 0: a socket's path

  bool is_path() const { return port == 0; }
  std::string to_string() const;  // 127.0.0.1:6379, [::1]:6379, unix:/run/redis.sock
  friend auto operator<=>(const RedisAddress&, const RedisAddress&) = default;
};

struct RedisUrl {
  std::vector<RedisAddress> seeds;  // tried in this order; at least one
  std::string user;
  std::string password;
  std::uint32_t database = 0;
  std::string prefix = "counterd:";  // prefix of all keys

  static bool has_scheme(std::string_view text) {
    return text.starts_with("redis://") || text.starts_with("redis+unix:");
  }
  // On error sets `why`, which never contains the password.
  static bool parse(std::string_view text, RedisUrl& url, std::string& why);
};

}  // namespace counterd
