// response.h - formats responses as bytes (RFC 9112, 4 and 6).
#pragma once

#include <string>

#include "common/http/message.h"

namespace net::http {

// What depends on the request in how a response is sent.
struct Framing {
  bool bodyless = false;  // because of HEAD or the status
  bool chunked = false;   // a stream of unknown length, to HTTP/1.1
  bool close = false;     // the connection is closed after the response
};
// close: the connection must not be kept alive.
Framing framing_of(const Request& request, const Response& response, bool close);

// Appends the status line and the fields, without the empty line.  date: a whole line. keep_alive:
// the lines to add if the connection is kept.
void append_head(std::string& out, const Response& response, const Framing& framing,
                 std::string_view date, std::string_view keep_alive);

}  // namespace net::http
