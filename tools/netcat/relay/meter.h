// meter.h - progress reports on standard error: netcat --progress.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/net/timer.h"

namespace netcat {

struct Progress {
  std::uint64_t sent = 0;  // bytes
  std::uint64_t received = 0;
  std::optional<std::uint64_t> to_send;  // the total, if known
  double rate = 0;                       // the current rate in both directions, bytes per second
  std::chrono::duration<double> elapsed{0};

  double mean_rate() const;
  std::optional<double> percent() const;
  std::optional<std::chrono::duration<double>> left() const;  // time left; nothing if unknown
};

// "sent 12.0 MiB, received 0 B, 3.1 MiB/s, mean 3.0 MiB/s, elapsed 0:04, 48 %, ETA 0:05"
std::string progress_line(const Progress& progress);
std::string progress_json(const Progress& progress);
// Truncates `line` so that a terminal with this many columns does not wrap it; 0: unknown width.
std::string fit(std::string line, std::size_t columns);

class Meter {
 public:
  Meter(net::Loop& loop, bool json);

  void start();                                         // the first connection exists
  void moved(std::size_t sent, std::size_t received) {  // bytes
    now_.sent += sent;
    now_.received += received;
  }

  // Reports repeatedly until stop(), and then once more.
  net::Task<> run();
  void stop();

  // Whether the terminal that shows the progress is also standard output, so that data goes above
  // the progress line.
  bool shares_terminal() const { return shares_terminal_; }
  void before_output();
  void after_output(char last) { line_open_ = last != '\n'; }

 private:
  using Clock = std::chrono::steady_clock;
  void show(bool last);
  void draw(const std::string& end);
  net::Task<> watch_size(net::Signal& resized);

  net::Loop& loop_;
  net::Timer timer_;
  bool json_;
  bool redraws_;  // rewrites one line of a terminal
  bool shares_terminal_;
  bool line_open_ = false;  // the last line of the output above is unfinished
  std::string drawn_;       // the text now on the line
  bool started_ = false;
  bool stopped_ = false;
  Progress now_;
  Clock::time_point start_;
  Clock::time_point shown_;        // when the last report was made
  std::uint64_t shown_bytes_ = 0;  // the number of bytes at that time
};

}  // namespace netcat
