// patience.h - how long to wait for a connection's next bytes.  Pure: the caller has the clock.
#pragma once

#include "common/net/duration.h"

namespace net::http {

class Parser;
struct HttpOptions;

class Patience {
 public:
  // Some of a request has come, or of the empty lines before it: head and body have a time of their
  // own, which begins with their first byte.
  void partial(const Parser& parser, const HttpOptions& options, TimePoint now);
  // A request has come: silence begins with the next read.
  void complete() { *this = {}; }
  // How long the next read may take; kForever: there is no limit.
  Millis left(const HttpOptions& options, TimePoint now);

 private:
  enum Part : char { kBetween, kHead, kBody };
  static constexpr TimePoint kUnknown = TimePoint::min();
  TimePoint end_ = kUnknown;  // of the wait for part_; TimePoint::max(): never
  Part part_ = kBetween;
};

}  // namespace net::http
