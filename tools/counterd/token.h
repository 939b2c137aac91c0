// token.h - the secret that clients send: Authorization: Bearer (RFC 6750).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.h"

namespace counterd {

// From any thread.
class Token {
 public:
  explicit Token(std::string secret = {}) { set(std::move(secret)); }
  // The first line of a file; false, with the reason in `why`, and the token as it was.
  bool load(const std::string& path, std::string& why);
  bool needed() const { return secret_.load() != nullptr; }
  // Whether the request may be answered: it has the token, or none is required.
  bool admits(const net::http::Request& request) const;

 private:
  void set(std::string secret);

  std::atomic<std::shared_ptr<const std::string>> secret_;  // null: no token is required
};

// Without the blanks at its end; nothing, with the reason in `why`, where it cannot be read.
std::optional<std::string> first_line_of(const std::string& path, std::string& why);

// Takes a time that depends only on the size of `given`.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

// 401
net::http::Response unauthorized(bool json);

}  // namespace counterd
