// metrics.h - what has been answered, counted over all threads, as Prometheus reads it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace statusd {

class Metrics {
 public:
  // Media type of text(): the text format, version 0.0.4.
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  void count(int status, std::size_t body_bytes);
  std::string text(bool ready) const;

 private:
  std::array<std::atomic<std::uint64_t>, 600> requests_{};  // by status
  std::atomic<std::uint64_t> body_bytes_{0};
  std::chrono::system_clock::time_point start_ = std::chrono::system_clock::now();
};

}  // namespace statusd
