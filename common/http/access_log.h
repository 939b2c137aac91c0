// access_log.h - one line per request, in the Common Log Format.
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

namespace net::http {

struct Access {
  std::string_view host = {};    // empty: not known
  std::string_view method = {};  // empty: the request could not be read
  std::string_view target = {};
  int minor = 1;  // HTTP/1.minor
  int status = 200;
  std::size_t body_bytes = 0;
};

// HOST - - [21/Nov/2026:15:04:05 +0000] "GET / HTTP/1.1" 200 15, without a newline.  Quotes,
// backslashes, control bytes and non-ASCII bytes from the client are written as \xHH.
std::string log_line(const Access& access, std::time_t now);

}  // namespace net::http
