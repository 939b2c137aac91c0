// patience.h - how long to wait for a connection's next bytes.  Pure: the caller reads the clock.
#pragma once

#include "common/net/duration.h"

namespace net::http {

class Parser;
struct HttpOptions;

class Patience {
 public:
  // Called when part of a request, or of the empty lines before it, has arrived: head and body each
  // have a time limit from their first byte, and one for silence from the last byte.
  void partial(const Parser& parser, const HttpOptions& options, TimePoint now);
  // Called when a request is complete: the idle time begins with the next read.
  void complete() { *this = {}; }
  // How long the next read may take; kForever: there is no limit.
  Millis left(const HttpOptions& options, TimePoint now);

 private:
  enum Part : char { kBetween, kHead, kBody };
  static constexpr TimePoint kUnknown = TimePoint::min();
  TimePoint end_ = kUnknown;  // the deadline for part_; TimePoint::max(): none
  Part part_ = kBetween;
};

}  // namespace net::http
