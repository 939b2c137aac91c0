// target.h - the target of a request and its host (RFC 9112, 3.2; RFC 3986).
#pragma once

#include <string>
#include <string_view>

namespace net::http {

struct Target {
  std::string_view path;   // as sent; "*" for the server as a whole
  std::string_view query;  // what follows the first '?'
  std::string_view host;   // from a URI, with its port
};

// Parses a path, or a URI with http or https; accepts "*" for OPTIONS.
bool parse_target(std::string_view method, std::string_view text, Target& target);
// The canonical form of a path: unreserved characters are not encoded, and what a URI cannot
// contain is %HH in upper case (RFC 3986, 6.2.2).  %2F stays, and a '%' without two digits becomes
// %25.
std::string canonical_path(std::string_view path);
bool is_canonical(std::string_view path);  // true only if canonical_path() would change nothing
// Whether it is uri-host [ ":" port ], or empty.
bool is_host(std::string_view text);

}  // namespace net::http
