#include "common/http/patience.h"

#include <algorithm>

#include "common/http/parser.h"
#include "common/http/server.h"

namespace net::http {

static TimePoint end_of(Millis limit, TimePoint now) {
  return limit > Millis::zero() ? now + limit : TimePoint::max();
}

void Patience::partial(const Parser& parser, const HttpOptions& options, TimePoint now) {
  const Part part = parser.in_body() ? kBody : parser.in_head() ? kHead : kBetween;
  if (part == part_) return;
  part_ = part;
  end_ = end_of(part == kBody ? options.body_timeout : options.head_timeout, now);
}

Millis Patience::left(const HttpOptions& options, TimePoint now) {
  const TimePoint silence = end_of(options.idle_timeout, now);
  if (end_ == kUnknown) end_ = silence;
  const TimePoint end = part_ == kBetween ? end_ : std::min(end_, silence);
  if (end == TimePoint::max()) return kForever;
  return std::max(Millis::zero(), std::chrono::ceil<Millis>(end - now));
}

}  // namespace net::http
