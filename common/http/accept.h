// accept.h - what a client would rather have: the field Accept (RFC 9110, 12.5.1).
#pragma once

#include <string_view>

#include "common/http/message.h"

namespace net::http {

// Whether JSON is wanted more than text/plain: by weight, then by which is named more closely.
// Nothing said, or both alike: no.
bool prefers_json(std::string_view accept);
bool prefers_json(const Request& request);
// Whether one type, "text/html", is wanted more than another, in the same way.
bool prefers(const Request& request, std::string_view type, std::string_view other);

}  // namespace net::http
