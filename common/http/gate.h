// gate.h - what a strict origin server refuses, found before a parser sees it (RFC 9112).
//
// No parser alone is strict enough, and where two parsers disagree on where a message ends, one of
// them can be made to see a request that the other did not.  What passes here means one thing.
#pragma once

#include <cstdint>
#include <string_view>

namespace net::http {

inline constexpr std::size_t kHeadBytesMax = std::size_t{16}
                                             << 10;   // all lines up to the empty one
inline constexpr std::size_t kRequestLineMax = 8256;  // RFC 9112, 3: 8000 at least
inline constexpr std::size_t kFieldsMax = 100;

// kHead: the head of a request that has a body.
enum class Progress { kPartial, kHead, kComplete, kRefused };

// How a request is refused: the answer's status, and its body.
struct Refusal {
  int status = 0;  // 0: not refused
  std::string_view sentence;
  explicit operator bool() const { return status != 0; }
};

// Lines that end in CRLF and have no control byte but HTAB.  The verdict is about the first
// offending byte, however the bytes arrive.
class Lines {
 public:
  explicit Lines(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // text: from the first byte of the first line on, more of it with each call.
  Progress next(std::string_view text, std::string_view& line);
  void limit(std::size_t bytes_max) { bytes_max_ = bytes_max; }
  std::size_t end() const { return line_; }    // of the last line, behind its CRLF
  bool too_long() const { return too_long_; }  // why it was refused

 private:
  std::size_t bytes_max_;
  std::size_t line_ = 0;
  std::size_t at_ = 0;
  bool too_long_ = false;
};

// The head of one request.
class HeadGate {
 public:
  // input: from the end of the last request on, more of it with each call.
  Progress check(std::string_view input);
  const Refusal& refusal() const { return refusal_; }

  std::size_t begin() const { return begin_; }  // behind empty lines
  std::size_t end() const { return lines_.end(); }
  std::size_t fields() const { return fields_; }
  std::uint64_t content_length() const { return content_length_; }
  bool chunked() const { return chunked_; }
  bool has_body() const { return chunked_ || content_length_ > 0; }
  bool expects_continue() const { return expects_continue_ && minor_ > 0; }

 private:
  Refusal check_request_line(std::string_view line);
  Refusal check_field(std::string_view line);
  Refusal check_whole() const;
  Refusal too_large(std::string_view input) const;

  Lines lines_{kRequestLineMax};
  Refusal refusal_;
  std::size_t begin_ = 0;
  std::size_t fields_ = 0;
  std::uint64_t content_length_ = 0;
  int minor_ = -1;  // the request line is yet to come
  int hosts_ = 0;
  bool sized_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
};

// Takes a token off the front of `text`; false: there is none (RFC 9110, 5.6.2).
bool take_token(std::string_view& text);
// A token, ":" and a value, which is given without the blanks around it.
bool split_field(std::string_view line, std::string_view& name, std::string_view& value);

}  // namespace net::http
