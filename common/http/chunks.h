// chunks.h - the lines of a chunked body, as strictly as those of a head (RFC 9112, 7.1).
#pragma once

#include <string>

#include "common/http/gate.h"

namespace net::http {

class ChunkGate {
 public:
  explicit ChunkGate(std::uint64_t body_bytes_max) : body_left_(body_bytes_max) {}

  // The next step, off the front of `input`; `piece` is what it brings of the body, maybe nothing.
  // kComplete: the end.
  Progress next(std::string_view& input, std::string_view& piece);
  const Refusal& refusal() const { return refusal_; }

 private:
  enum Stage { kSize, kData, kDataEnd, kTrailers };
  Progress take_line(std::string_view& input, std::string_view& line);
  Refusal check_size(std::string_view line);
  Refusal check_trailer(std::string_view line);
  Refusal spend(std::size_t bytes);

  Stage stage_ = kSize;
  std::uint64_t body_left_;  // bytes that may still come
  std::uint64_t chunk_left_ = 0;
  std::size_t extra_left_ = kHeadBytesMax;  // for extensions and trailers
  std::size_t fields_ = 0;
  std::string line_;  // what has come of it
  Lines lines_{kHeadBytesMax};
  Refusal refusal_;
};

}  // namespace net::http
