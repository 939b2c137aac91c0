// target.h - the target of a request and its host (RFC 9112, 3.2; RFC 3986).
#pragma once

#include <string_view>

namespace net::http {

struct Target {
  std::string_view path;   // as sent; "*" for the server as a whole
  std::string_view query;  // what follows the first '?'
};

// A path, or a URI with http or https; "*" for OPTIONS.
bool parse_target(std::string_view method, std::string_view text, Target& target);
// uri-host [ ":" port ], or nothing.
bool is_host(std::string_view text);

}  // namespace net::http
