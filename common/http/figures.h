// figures.h - the metrics of an HTTP daemon, in the format of Prometheus.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace net::http {

inline constexpr std::size_t kStatuses = 600;

// The counts of one loop; its thread writes them, any thread reads them.
struct Tally {
  using Count = std::atomic<std::uint64_t>;
  static void add(Count& count, std::uint64_t n = 1) {  // one writer: no atomic add
    count.store(count.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void count(int status, std::size_t bytes) {
    add(requests[static_cast<std::size_t>(status) % kStatuses]);
    add(body_bytes, bytes);
    add(ended);
  }

  std::array<Count, kStatuses> requests{};  // answered requests, by status
  Count body_bytes{0};                      // sent
  Count begun{0};                           // requests, answered or not
  Count ended{0};
  Count connections{0};
  Count disconnections{0};
};

// The sums over all loops, in Prometheus' text format (0.0.4).
class Figures {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  // daemon: the prefix of the names of its metrics.
  explicit Figures(std::string daemon) : daemon_(std::move(daemon)) {}
  // Call it before the loops run.  The tally must outlive all calls of text().
  void watch(const Tally& tally) { tallies_.push_back(&tally); }
  const std::string& daemon() const { return daemon_; }

  std::string text() const;

 private:
  std::uint64_t sum(Tally::Count Tally::*count) const;
  void append_requests(std::string& out) const;

  std::string daemon_;
  std::vector<const Tally*> tallies_;
  std::chrono::system_clock::time_point start_ = std::chrono::system_clock::now();
};

// Returns `text` in quotes, as the value of a label.
std::string label(std::string_view text);
// Appends "# HELP ..." and "# TYPE ..." of a metric.  type: counter or gauge.
void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help);
// The same, followed by its only sample.
void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help, std::string_view value);

}  // namespace net::http
