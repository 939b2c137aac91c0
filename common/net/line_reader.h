// line_reader.h - a stream's input, one line at a time, like Go's bufio.Scanner.
#pragma once

#include <optional>
#include <string>

#include "common/net/stream.h"

namespace net {

class LineReader {
 public:
  // max: the bytes of the longest line, its newline not counted.
  LineReader(Stream& in, std::size_t max) : in_(in), max_(max) {}

  // Awaited: the next line without its "\n" or "\r\n"; a last line may lack it.  Nothing at the end
  // of the input, or on error().  `timeout` is for the whole line, and ends the input.
  auto next(Millis timeout = kForever) { return Next{{in_.state_, {}, timeout}, *this}; }
  // Why there is no next line: success at end of file, UV_EMSGSIZE for a line too long,
  // UV_ETIMEDOUT.
  Error error() const { return error_; }

 private:
  // No coroutine: its frame would be a client's largest.
  struct Next : detail::ReadWait {
    LineReader& lines;
    std::optional<std::string> line{};
    bool settled = false;  // the line is there, or will never be

    bool await_ready();
    bool await_suspend(std::coroutine_handle<> handle);
    std::optional<std::string> await_resume();
    bool settle();
  };

  bool timed_out() const { return error_ == Error(UV_ETIMEDOUT); }
  std::optional<std::string> take();
  void add(const Result<std::string_view>& data);

  Stream& in_;
  std::size_t max_;
  std::string buffer_;       // nothing while the client is silent between lines
  std::size_t start_ = 0;    // of what is not taken yet
  std::size_t scanned_ = 0;  // no newline before it
  bool ended_ = false;
  std::uint8_t taken_ = 0;  // lines since it last waited
  Error error_;
};

}  // namespace net
