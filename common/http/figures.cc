#include "common/http/figures.h"

#include <cstdio>

#include "common/cli/version.h"

namespace net::http {

std::string label(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out + '"';
}

void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help);
  out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help, std::string_view value) {
  append_metric(out, name, type, help);
  out.append(name).append(" ").append(value).append("\n");
}

std::uint64_t Figures::sum(Tally::Count Tally::*count) const {
  std::uint64_t all = 0;
  for (const Tally* tally : tallies_) all += (tally->*count).load(std::memory_order_relaxed);
  return all;
}

void Figures::append_requests(std::string& out) const {
  const std::string name = daemon_ + "_requests_total";
  append_metric(out, name, "counter", "Requests answered, by status.");
  for (std::size_t status = 0; status < kStatuses; ++status) {
    std::uint64_t n = 0;
    for (const Tally* tally : tallies_)
      n += tally->requests[status].load(std::memory_order_relaxed);
    if (n > 0)
      out += name + "{code=\"" + std::to_string(status) + "\"} " + std::to_string(n) + "\n";
  }
}

std::string Figures::text() const {
  std::string out;
  const auto add = [this, &out](const char* name, const char* type, const char* help,
                                std::uint64_t value) {
    append_metric(out, daemon_ + name, type, help, std::to_string(value));
  };
  // The ended ones are read first: this is not a snapshot, but the difference is never negative.
  const std::uint64_t ended = sum(&Tally::ended);
  const std::uint64_t disconnections = sum(&Tally::disconnections);
  const std::uint64_t connections = sum(&Tally::connections);
  append_requests(out);
  add("_requests_in_flight", "gauge", "Requests in progress, including this one.",
      sum(&Tally::begun) - ended);
  add("_response_body_bytes_total", "counter", "Bytes of the response bodies sent.",
      sum(&Tally::body_bytes));
  add("_connections_total", "counter", "Connections accepted.", connections);
  add("_connections", "gauge", "Open connections.", connections - disconnections);
  append_metric(out, daemon_ + "_build_info", "gauge", "1, with the version as a label.");
  out += daemon_ + "_build_info{version=\"" WIREUTILS_VERSION "\"} 1\n";
  char seconds[32];
  const std::chrono::duration<double> start = start_.time_since_epoch();
  std::snprintf(seconds, sizeof seconds, "%.3f", start.count());
  append_metric(out, "process_start_time_seconds", "gauge",
                "Start time of the process, in Unix time.", seconds);
  return out;
}

}  // namespace net::http
