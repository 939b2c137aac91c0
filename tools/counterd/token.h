// token.h - the secret that clients send: Authorization: Bearer (RFC 6750).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.h"

namespace counterd {

// May be used from any thread.
class Token {
 public:
  explicit Token(std::string secret = {}) { set(std::move(secret)); }
  // Loads the first line of a file.  On failure returns false, sets `why` and keeps the old token.
  bool load(const std::string& path, std::string& why);
  bool needed() const { return secret_.load() != nullptr; }
  // Whether the request has the token, or none is required.
  bool admits(const net::http::Request& request) const;

 private:
  void set(std::string secret);

  std::atomic<std::shared_ptr<const std::string>> secret_;  // null: no token is required
};

// The first line of a file, without trailing blanks.  If it cannot be read, returns nothing and
// sets `why`.
std::optional<std::string> first_line_of(const std::string& path, std::string& why);

// Compares in a time that depends only on the size of `given`.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

// 401
net::http::Response unauthorized(bool json);

}  // namespace counterd
