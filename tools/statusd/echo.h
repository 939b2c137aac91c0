// echo.h - a request as JSON, for trying out clients.
#pragma once

#include <string>

#include "common/http/message.h"

namespace statusd {

// {"method":...,"target":...,"version":...,"fields":{...},"body":...}.  Fields of the same name are
// one, joined by commas (RFC 9110, 5.3).  A body that is not UTF-8 is null, and "body_base64" has
// it.
std::string echo_json(const net::http::Request& request);

}  // namespace statusd
