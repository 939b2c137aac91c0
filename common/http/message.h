// message.h - requests and responses for handlers (RFC 9110).
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

// One request.  All views are valid until the handler returns, so a Task must copy what it needs.
struct Request {
  std::string_view method;
  std::string_view target;  // as sent
  std::string_view path;    // from the target, canonical (target.h); "*" for OPTIONS *
  std::string_view query;   // what follows the first '?', as sent
  std::span<const Field> fields;
  std::string_view host;         // from the target if that is a URI, otherwise the field
  std::string_view body;         // complete, without chunk framing
  int minor = 1;                 // HTTP/1.minor
  bool encoded = false;          // it has a Content-Encoding
  const Route* route = nullptr;  // in a Site: the path's route

  // The value of the first field of that name, ignoring case; empty if there is none.
  std::string_view field(std::string_view name) const;
};

// What the body of a request may be, as set by admit().
struct BodyLimit {
  std::size_t bytes_max = std::size_t{1} << 20;
  bool keep = true;  // keep it for Request::body; otherwise only count it
};

// What a streamed body is written to.
class Body {
 public:
  // Writes a piece.  An error means that the client has left or does not read.
  virtual Task<Error> write(std::string_view piece) = 0;
  // Waits before the next piece, to delay the client.
  virtual Task<Error> pause(Millis delay) = 0;

 protected:
  ~Body() = default;
};

struct Response {
  // A deliberate fault, for tests: the connection ends without an answer, with a FIN or a reset.
  enum Fault { kNone, kDrop, kReset };
  int status = 200;
  std::string body;
  // Must stay valid until the response has been sent.  Empty: none is sent.
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string fields;  // further header lines, each "Name: value\r\n"; see add()
  bool close = false;  // close the connection after the response
  Fault fault = kNone;
  Millis latency{0};  // the delay before it is sent
  // Replaces body: writes it piece by piece, without a copy.  An error ends the connection, so that
  // the client notices that something is missing.
  std::function<Task<Error>(Body&)> stream;
  // The total length of the stream, if known.  Otherwise it is sent in chunks or, to HTTP/1.0, ends
  // with the connection.
  std::optional<std::size_t> stream_bytes;

  void add(std::string_view name, std::string_view value);
};

// A response of the sentence and a newline, as text/plain.
Response error_response(int status, std::string_view sentence);

// Whether `methods` ("GET, HEAD, OPTIONS") contains the method.
bool lists(std::string_view methods, std::string_view method);
// Answers OPTIONS with 204 and Allow, and methods that are not in `allowed` ("GET, HEAD, OPTIONS")
// with 405 and Allow; returns nothing if the handler may continue.
std::optional<Response> check_method(const Request& request, std::string_view allowed);

// "Not Found"; empty for a status that is not registered.
std::string_view reason(int status);

// Compares field names, codings and the like, ignoring the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace net::http
