// message.h - requests and responses, as handlers see them (RFC 9110).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/net/duration.h"
#include "common/net/result.h"
#include "common/net/task.h"

namespace net::http {

struct Route;

struct Field {
  std::string_view name, value;
};

// One request.  All views are valid until the handler returns: a Task takes by value what it needs.
struct Request {
  std::string_view method;
  std::string_view target;  // as sent
  std::string_view path;    // of the target, canonical (target.h); "*" for OPTIONS *
  std::string_view query;   // what follows the first '?', as sent
  std::span<const Field> fields;
  std::string_view host;         // of the target if that is a URI, otherwise the field
  std::string_view body;         // whole, without chunks
  int minor = 1;                 // HTTP/1.minor
  bool encoded = false;          // it has a Content-Encoding
  const Route* route = nullptr;  // in a Site: what the path is

  // The first of that name, in any letter case; empty: none.
  std::string_view field(std::string_view name) const;
};

// What the body of a request may be.
struct BodyLimit {
  std::size_t bytes_max = std::size_t{1} << 20;
  bool keep = true;  // for Request::body; otherwise it is counted, and discarded as it arrives
};

// What a streamed body is written to.
class Body {
 public:
  // An error: the client has left, or does not read.
  virtual Task<Error> write(std::string_view piece) = 0;
  // Delays the client.
  virtual Task<Error> pause(Millis delay) = 0;

 protected:
  ~Body() = default;
};

struct Response {
  // On purpose, for tests: the connection ends without an answer, with a FIN or a reset.
  enum Fault { kNone, kDrop, kReset };
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";  // empty: none is sent
  std::string fields;  // further header lines, each "Name: value\r\n"; see add()
  bool close = false;  // end the connection after it
  Fault fault = kNone;
  Millis latency{0};  // the time before it is sent
  // Instead of body: written piece by piece, and never copied.  An error ends the connection, so
  // that the client sees that something is missing.
  std::function<Task<Error>(Body&)> stream;
  // All of its bytes, where they are known; if not it is chunked, and to HTTP/1.0 the end of the
  // connection is its end.
  std::optional<std::size_t> stream_bytes;

  void add(std::string_view name, std::string_view value);
};

// The sentence and a newline, text/plain.
Response error_response(int status, std::string_view sentence);

// Whether `methods` ("GET, HEAD, OPTIONS") has the method.
bool lists(std::string_view methods, std::string_view method);
// 204 with Allow to OPTIONS, 405 with Allow to what is none of `allowed` ("GET, HEAD, OPTIONS");
// nothing where the handler may go on.
std::optional<Response> check_method(const Request& request, std::string_view allowed);

// "Not Found"; empty for a status that is not registered.
std::string_view reason(int status);

// Field names, codings and the like: ASCII letters in any case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace net::http
