// buffer.h - a buffer between a socket and OpenSSL.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace netcat::tls {

// A queue of bytes of limited size.  It has memory only while it is in use, because most clients
// are silent most of the time.
class Buffer {
 public:
  // Reads of 128 KiB halve the cost of receiving, compared with two reads per record.
  static constexpr std::size_t kBytes = std::size_t{128} << 10;

  std::string_view data() const { return {memory_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  // The space for more bytes; after filling it, call added() with their number.
  std::span<char> room() {
    if (!memory_) memory_ = std::make_unique_for_overwrite<char[]>(kBytes);
    if (begin_ > 0) {
      std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return {memory_.get() + end_, kBytes - end_};
  }
  void added(std::size_t n) { end_ += n; }
  void consumed(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Appends as much of `bytes` as fits; returns how much.
  std::size_t append(std::string_view bytes) {
    if (!memory_ || kBytes - end_ < bytes.size()) room();
    const std::size_t n = std::min(bytes.size(), kBytes - end_);
    std::copy_n(bytes.data(), n, memory_.get() + end_);
    end_ += n;
    return n;
  }
  void release() {
    if (empty()) memory_.reset();
  }

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace netcat::tls
