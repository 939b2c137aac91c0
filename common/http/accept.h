// accept.h - which media type a client prefers: the Accept field (RFC 9110, 12.5.1).
#pragma once

#include <string_view>

#include "common/http/message.h"

namespace net::http {

// Whether JSON is preferred to text/plain: by weight, then by the more specific range.  Without the
// field, or on a tie, it is not.
bool prefers_json(std::string_view accept);
bool prefers_json(const Request& request);
// Whether one type, such as "text/html", is preferred to another, by the same rules.
bool prefers(const Request& request, std::string_view type, std::string_view other);

}  // namespace net::http
