// token.h - the secret that clients show: Authorization: Bearer (RFC 6750).
#pragma once

#include <string>
#include <string_view>

#include "common/http/message.h"

namespace counterd {

class Token {
 public:
  explicit Token(std::string secret = {}) : secret_(std::move(secret)) {}
  // The first line of a file; false, with the reason in `why`.
  bool load(const std::string& path, std::string& why);
  // Whether the request may be answered: it shows the token, or there is none.
  bool admits(const net::http::Request& request) const;

 private:
  std::string secret_;  // empty: everybody is admitted
};

// In a time that depends on the size of `given` alone.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

// 401
net::http::Response unauthorized(bool json);

}  // namespace counterd
