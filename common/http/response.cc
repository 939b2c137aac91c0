#include "common/http/response.h"

#include <algorithm>
#include <charconv>

namespace net::http {

using namespace std::string_view_literals;

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

namespace {

// Writes into memory that suffices: the pieces are short, so a call of append() for each would cost
// more than copying them.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}
  Pen& operator<<(std::string_view text) {
    at_ = std::ranges::copy(text, at_).out;
    return *this;
  }
  Pen& operator<<(std::size_t number) {
    at_ = std::to_chars(at_, at_ + kDigitsMax, number).ptr;
    return *this;
  }
  const char* at() const { return at_; }

 private:
  static constexpr std::ptrdiff_t kDigitsMax = 20;
  char* at_;
};

}  // namespace

void append_head(std::string& out, const Response& response, const Framing& framing,
                 std::string_view date, std::string_view keep_alive) {
  constexpr std::size_t kConstantsMax = 256;  // the names, the numbers and "Connection: close"
  const std::string_view why = response.status == 200 ? "" : reason(response.status);
  const std::size_t begin = out.size();
  out.resize(begin + kConstantsMax + why.size() + date.size() + response.content_type.size() +
             response.fields.size() + keep_alive.size());
  Pen pen(&out[begin]);
  if (response.status == 200)
    pen << "HTTP/1.1 200 OK\r\n"sv;
  else
    pen << "HTTP/1.1 "sv << static_cast<std::size_t>(response.status) << " "sv << why << "\r\n"sv;
  pen << date;
  const bool has_body = !forbids_body(response.status);
  if (!response.content_type.empty() && has_body)
    pen << "Content-Type: "sv << response.content_type << "\r\n"sv;
  if (framing.chunked)
    pen << "Transfer-Encoding: chunked\r\n"sv;
  else if (response.status == 205)  // RFC 9110, 15.3.6
    pen << "Content-Length: 0\r\n"sv;
  else if ((!response.stream || response.stream_bytes) && has_body)
    pen << "Content-Length: "sv << response.stream_bytes.value_or(response.body.size()) << "\r\n"sv;
  pen << response.fields << (framing.close ? "Connection: close\r\n"sv : keep_alive);
  out.resize(static_cast<std::size_t>(pen.at() - out.data()));
}

}  // namespace net::http
