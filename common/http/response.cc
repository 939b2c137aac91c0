#include "common/http/response.h"

#include <charconv>

namespace net::http {

using namespace std::string_view_literals;  // append(const char*) calls strlen and is not inlined

static bool forbids_body(int status) {
  return status < 200 || status == 204 || status == 205 || status == 304;
}

Framing framing_of(const Request& request, const Response& response, bool close) {
  Framing framing;
  framing.bodyless = request.method == "HEAD" || forbids_body(response.status);
  const bool unknown = response.stream && !response.stream_bytes;
  framing.chunked = unknown && request.minor > 0 && !forbids_body(response.status);
  const bool until_close = unknown && request.minor == 0;
  framing.close = close || response.close || until_close;
  return framing;
}

static void append_number(std::string& out, std::size_t n) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, n);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

void append_head(std::string& out, const Response& response, const Framing& framing,
                 std::string_view date, std::string_view keep_alive) {
  if (response.status == 200) {
    out.append("HTTP/1.1 200 OK\r\n"sv);
  } else {
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::size_t>(response.status));
    out.append(" ").append(reason(response.status)).append("\r\n");
  }
  out.append(date);
  if (!response.content_type.empty() && !forbids_body(response.status))
    out.append("Content-Type: "sv).append(response.content_type).append("\r\n"sv);
  if (framing.chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (response.status == 205) {  // RFC 9110, 15.3.6
    out.append("Content-Length: 0\r\n");
  } else if ((!response.stream || response.stream_bytes) && !forbids_body(response.status)) {
    out.append("Content-Length: "sv);
    append_number(out, response.stream_bytes.value_or(response.body.size()));
    out.append("\r\n"sv);
  }
  if (!response.fields.empty()) out.append(response.fields);
  out.append(framing.close ? "Connection: close\r\n"sv : keep_alive);
}

}  // namespace net::http
