// gate.h - refuses what a strict origin server must refuse, before a parser sees it (RFC 9112).
//
// No parser alone is strict enough, and if two parsers disagree on where a message ends, an
// attacker can make one of them see a request that the other did not.  What passes here has only
// one meaning.
#pragma once

#include <cstdint>
#include <string_view>

namespace net::http {

// All lines, the empty one included.
inline constexpr std::size_t kHeadBytesMax = std::size_t{16} << 10;
// Without its line end.  RFC 9112, 3: at least 8000.
inline constexpr std::size_t kRequestLineMax = std::size_t{8} << 10;
inline constexpr std::size_t kFieldsMax = 100;

// kHead: the head of a request that has a body.
enum class Progress { kPartial, kHead, kComplete, kRefused };

// A refusal: the status and body of the answer.
struct Refusal {
  int status = 0;  // 0: not refused
  std::string_view sentence;
  explicit operator bool() const { return status != 0; }
};

// Lines that end in CRLF and have no control byte but HTAB.  The verdict depends on the first
// offending byte, however the bytes are split.
class Lines {
 public:
  explicit Lines(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // text: everything from the start of the first line; longer with each call.  Refused if a line
  // does not end before bytes_max.
  Progress next(std::string_view text, std::string_view& line);
  void limit(std::size_t bytes_max) { bytes_max_ = bytes_max; }
  std::size_t end() const { return line_; }    // the position after the last line's CRLF
  bool too_long() const { return too_long_; }  // whether length is why it was refused

 private:
  std::size_t bytes_max_;
  std::size_t line_ = 0;
  std::size_t at_ = 0;
  bool too_long_ = false;
};

// The head of one request.
class HeadGate {
 public:
  // input: everything after the last request; longer with each call.
  Progress check(std::string_view input);
  const Refusal& refusal() const { return refusal_; }

  std::size_t begin() const { return begin_; }  // the position after empty lines
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

  Lines lines_{kRequestLineMax + 1};
  Refusal refusal_;
  std::size_t begin_ = 0;
  std::size_t fields_ = 0;
  std::uint64_t content_length_ = 0;
  int minor_ = -1;  // the request line has not arrived yet
  int hosts_ = 0;
  bool sized_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
};

// Removes a token from the front of `text`; false if there is none (RFC 9110, 5.6.2).
bool take_token(std::string_view& text);
// Splits a token, ":" and a value; removes the blanks around the value.
bool split_field(std::string_view line, std::string_view& name, std::string_view& value);

}  // namespace net::http
