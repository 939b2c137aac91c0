// echo.h - returns a request as JSON, to test clients.
#pragma once

#include <string>

#include "common/http/message.h"

namespace statusd {

// {"method":...,"target":...,"version":...,"fields":{...},"body":...}.  Fields of the same name are
// joined by commas (RFC 9110, 5.3).  If the body is not UTF-8, "body" is null and "body_base64"
// contains it.
std::string echo_json(const net::http::Request& request);

}  // namespace statusd
