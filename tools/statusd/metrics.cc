#include "tools/statusd/metrics.h"

#include <cstdio>

namespace statusd {

void Metrics::count(int status, std::size_t body_bytes) {
  if (status < 0 || status >= static_cast<int>(requests_.size())) return;
  requests_[static_cast<std::size_t>(status)].fetch_add(1, std::memory_order_relaxed);
  body_bytes_.fetch_add(body_bytes, std::memory_order_relaxed);
}

static std::string head(const std::string& name, const char* type, const char* help) {
  return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

std::string Metrics::text(bool ready) const {
  std::string out = head("statusd_requests_total", "counter", "Requests answered, by status.");
  for (std::size_t status = 0; status < requests_.size(); ++status) {
    const std::uint64_t n = requests_[status].load(std::memory_order_relaxed);
    if (n == 0) continue;
    out += "statusd_requests_total{code=\"" + std::to_string(status) + "\"} ";
    out += std::to_string(n) + "\n";
  }
  out += head("statusd_response_body_bytes_total", "counter", "Bytes of the bodies sent.");
  out += "statusd_response_body_bytes_total ";
  out += std::to_string(body_bytes_.load(std::memory_order_relaxed)) + "\n";
  out += head("statusd_ready", "gauge", "Whether /readyz answers 200.");
  out += std::string("statusd_ready ") + (ready ? "1" : "0") + "\n";
  out += head("process_start_time_seconds", "gauge", "When the process began, in Unix time.");
  const std::chrono::duration<double> start = start_.time_since_epoch();
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3f", start.count());
  out += std::string("process_start_time_seconds ") + seconds + "\n";
  return out;
}

}  // namespace statusd
