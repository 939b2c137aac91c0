// chunks.h - reads chunked bodies, and checks their lines as strictly as those of a head (RFC 9112,
// 7.1).
#pragma once

#include <string>

#include "common/http/gate.h"

namespace net::http {

class ChunkGate {
 public:
  explicit ChunkGate(std::uint64_t body_bytes_max) : body_left_(body_bytes_max) {}

  // Consumes the next part of `input`; `piece` is the part of the body in it, possibly empty.
  // kComplete: the body has ended.
  Progress next(std::string_view& input, std::string_view& piece);
  const Refusal& refusal() const { return refusal_; }

 private:
  enum Stage { kSize, kData, kDataEnd, kTrailers };
  Progress take_line(std::string_view& input, std::string_view& line);
  Refusal check_size(std::string_view line);
  Refusal check_trailer(std::string_view line);
  Refusal spend(std::size_t bytes);

  Stage stage_ = kSize;
  std::uint64_t body_left_;  // bytes that the body may still have
  std::uint64_t chunk_left_ = 0;
  std::size_t extra_left_ = kHeadBytesMax;  // bytes left for extensions and trailers
  std::size_t fields_ = 0;
  std::string line_;  // the part of the line that has arrived
  Lines lines_{kHeadBytesMax};
  Refusal refusal_;
};

}  // namespace net::http
