// listing.h - writes all counters as text, piece by piece: /list and /metrics.
#pragma once

#include <span>
#include <string>

#include "tools/counterd/store.h"

namespace counterd {

// "x: 1\n" each; a JSON array of objects, one per line; Prometheus' text format; OpenMetrics 1.0.
enum class ListFormat { kText, kJson, kMetrics, kOpenMetrics };

class Listing {
 public:
  Listing(Store& store, ListFormat format, ListQuery query);

  // Appends the next piece, which is not empty; returns kDone, or why the store cannot answer.
  net::Task<Outcome> next(std::string& out);
  bool done() const { return sections_.empty(); }

 private:
  // One pass over all counters; /metrics has two, because the lines of a metric must be together.
  struct Section {
    std::string_view head;
    void (*append)(std::string& out, const Entry& entry, bool first);
    std::string_view tail;
  };
  static std::span<const Section> sections_of(ListFormat format);

  Store& store_;
  std::span<const Section> sections_;  // that are not finished
  const ListQuery query_;
  std::string from_;
  std::uint64_t left_ = UINT64_MAX;  // how many more the limit allows
  bool begun_ = false;               // the first section has begun
  bool empty_ = true;                // nothing has been listed so far
};

}  // namespace counterd
