// response.h - responses as bytes (RFC 9112, 4 and 6).
#pragma once

#include <string>

#include "common/http/message.h"

namespace net::http {

// The part of a response that depends on its request.
struct Framing {
  bool bodyless = false;  // to HEAD, or by its status
  bool chunked = false;   // a stream, to HTTP/1.1
  bool close = false;     // the connection ends after it
};
// keep_alive: the client expects the connection to go on.
Framing framing_of(const Request& request, const Response& response, bool close);

// The status line and the fields, without the empty line.  date: a whole line.  keep_alive: the
// lines of a connection that goes on.
void append_head(std::string& out, const Response& response, const Framing& framing,
                 std::string_view date, std::string_view keep_alive);

}  // namespace net::http
