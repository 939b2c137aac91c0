// line_reader.h - a stream's input, one line at a time, like Go's bufio.Scanner.
#pragma once

#include <optional>
#include <string>

#include "common/net/stream.h"

namespace net {

class LineReader {
 public:
  // max: the length of the longest allowed line in bytes, without its newline.
  LineReader(Stream& in, std::size_t max) : in_(in), max_(max) {}

  // Waits for the next line, and returns it without its "\n" or "\r\n", which the last line may
  // lack.  Returns nothing at the end of the input or after an error().  `timeout` is for the whole
  // line, and ends the input.
  auto next(Millis timeout = kForever) { return Next{{in_.state_, {}, timeout}, *this}; }
  // Why there is no next line: success at end of file, UV_EMSGSIZE for a line that is too long,
  // UV_ETIMEDOUT.
  Error error() const { return error_; }

 private:
  // Not a coroutine, because its frame would be the largest part of a client's memory.
  struct Next : detail::ReadWait {
    LineReader& lines;
    std::optional<std::string> line{};
    bool settled = false;  // a line has been found, or no more will come

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
  std::string buffer_;       // no memory while the client is silent between lines
  std::size_t start_ = 0;    // the first byte that take() has not returned
  std::size_t scanned_ = 0;  // there is no newline before this position
  bool ended_ = false;
  std::uint8_t taken_ = 0;  // lines returned since it last waited
  Error error_;
};

}  // namespace net
