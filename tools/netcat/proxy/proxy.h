// proxy.h - a proxy's address, as --proxy and the environment give it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netcat {

struct Proxy {
  enum Type { kSocks4, kSocks4a, kSocks5, kHttp, kHttps };

  Type type = kSocks5;
  std::string host;        // without brackets
  std::uint16_t port = 0;  // 0: not given
  std::optional<std::string> user;
  std::optional<std::string> password;

  std::string where() const;     // proxy.test:1080, [::1]:1080
  const char* protocol() const;  // SOCKS5
  const char* scheme() const;    // socks5
  bool takes_password() const { return type != kSocks4 && type != kSocks4a; }

  // [TYPE://][USER[:PASSWORD]@]HOST[:PORT][/...]; `untyped` is the type of a text without TYPE.  On
  // error `why` is the reason, without the password.
  static bool parse(std::string_view text, Type untyped, Proxy& proxy, std::string& why);
  static std::uint16_t default_port(Type type);
  // Accepts 4, 4a, 5 or connect, and the names of TYPE.
  static std::optional<Type> type_of(std::string_view name);
};

// HOST:PORT with an IPv6 address in brackets.
std::string host_and_port(const std::string& host, std::uint16_t port);

}  // namespace netcat
