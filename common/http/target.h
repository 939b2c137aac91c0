// target.h - the target of a request and its host (RFC 9112, 3.2; RFC 3986).
#pragma once

#include <string>
#include <string_view>

namespace net::http {

struct Target {
  std::string_view path;   // as sent; "*" for the server as a whole
  std::string_view query;  // what follows the first '?'
  std::string_view host;   // of a URI, with its port
};

// A path, or a URI with http or https; "*" for OPTIONS.
bool parse_target(std::string_view method, std::string_view text, Target& target);
// The one form of a path: unreserved characters as themselves, whatever a URI cannot have as %HH in
// upper case (RFC 3986, 6.2.2).  %2F is not a '/', and a '%' without two digits is %25.
std::string canonical_path(std::string_view path);
bool is_canonical(std::string_view path);  // canonical_path() would change nothing; may say false
// uri-host [ ":" port ], or nothing.
bool is_host(std::string_view text);

}  // namespace net::http
