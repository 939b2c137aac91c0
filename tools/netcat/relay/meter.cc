#include "tools/netcat/relay/meter.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <utility>

#include "common/cli/log.h"
#include "tools/netcat/json_line.h"

namespace netcat {

using net::Millis;
using Seconds = std::chrono::duration<double>;

constexpr Millis kRedraw{500};
constexpr Millis kPause{5'000};  // between two lines of a log

// --- the text ---

double Progress::mean_rate() const {
  return elapsed.count() > 0 ? static_cast<double>(sent + received) / elapsed.count() : 0;
}

std::optional<double> Progress::percent() const {
  if (!to_send) return {};
  if (*to_send == 0) return 100.0;
  return std::min(100.0, 100.0 * static_cast<double>(sent) / static_cast<double>(*to_send));
}

std::optional<Seconds> Progress::left() const {
  if (!to_send || sent == 0 || elapsed.count() <= 0) return {};
  const double per_second = static_cast<double>(sent) / elapsed.count();
  return Seconds(static_cast<double>(*to_send - std::min(sent, *to_send)) / per_second);
}

static std::string size_text(double bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %s", unit == 0 ? 0 : 1, bytes, kUnits[unit]);
  return text;
}

static std::string time_text(Seconds time) {
  const auto seconds = static_cast<long long>(time.count());
  char text[48];
  if (seconds < 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld", seconds / 60, seconds % 60);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                  seconds % 60);
  return text;
}

std::string progress_line(const Progress& progress) {
  std::string line = "sent " + size_text(static_cast<double>(progress.sent)) + ", received " +
                     size_text(static_cast<double>(progress.received)) + ", " +
                     size_text(progress.rate) + "/s, mean " + size_text(progress.mean_rate()) +
                     "/s, elapsed " + time_text(progress.elapsed);
  if (const auto percent = progress.percent())
    line += ", " + std::to_string(static_cast<int>(*percent)) + " %";
  if (const auto left = progress.left()) line += ", ETA " + time_text(*left);
  return line;
}

std::string progress_json(const Progress& progress) {
  JsonLine line("progress");
  line.add("bytes_sent", progress.sent)
      .add("bytes_received", progress.received)
      .add("rate", progress.rate)
      .add("mean_rate", progress.mean_rate())
      .add("ms", progress.elapsed.count() * 1000);
  if (const auto percent = progress.percent()) line.add("percent", *percent);
  if (const auto left = progress.left()) line.add("eta_ms", left->count() * 1000);
  return line.text();
}

std::string fit(std::string line, std::size_t columns) {
  constexpr std::size_t kUsualColumns = 80;
  if (columns == 0) columns = kUsualColumns;
  line.resize(std::min(line.size(), columns - 1));  // writing the last column may wrap the line
  return line;
}

// --- the meter ---

static bool is_same_terminal(int a, int b) {
  struct stat one = {};
  struct stat other = {};
  return isatty(a) == 1 && isatty(b) == 1 && fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
         one.st_rdev == other.st_rdev;
}

Meter::Meter(net::Loop& loop, bool json)
    : loop_(loop),
      timer_(loop),
      json_(json),
      redraws_(!json && isatty(STDERR_FILENO) == 1),
      shares_terminal_(redraws_ && is_same_terminal(STDOUT_FILENO, STDERR_FILENO)) {}

void Meter::start() {
  if (started_) return;
  started_ = true;
  start_ = shown_ = Clock::now();
  struct stat status = {};
  const bool is_file = fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode);
  const off_t at = is_file ? std::max<off_t>(0, lseek(STDIN_FILENO, 0, SEEK_CUR)) : 0;
  if (is_file) now_.to_send = static_cast<std::uint64_t>(std::max<off_t>(0, status.st_size - at));
  timer_.wake();
}

net::Task<> Meter::watch_size(net::Signal& resized) {
  for (;;) {
    net::Error e = co_await resized.wait();
    if (e) co_return;
    if (!drawn_.empty()) draw("");
  }
}

net::Task<> Meter::run() {
  net::WaitGroup beside;
  net::Signal resized(loop_, SIGWINCH);
  if (redraws_) beside.go(watch_size(resized));
  net::Error e;
  while (!stopped_ && e != net::Error(UV_ECANCELED)) {
    const Millis pause = !started_ ? net::kForever : redraws_ ? kRedraw : kPause;
    e = co_await timer_.wait(pause);
    if (!e) show(false);
  }
  resized.close();
  co_await beside.wait();
  if (started_ && e != net::Error(UV_ECANCELED)) show(true);
}

void Meter::stop() {
  stopped_ = true;
  timer_.wake();
}

void Meter::show(bool last) {
  const auto now = Clock::now();
  now_.elapsed = now - start_;
  const std::uint64_t bytes = now_.sent + now_.received;
  const Seconds since = now - shown_;
  if (since.count() > 0) now_.rate = static_cast<double>(bytes - shown_bytes_) / since.count();
  shown_ = now;
  shown_bytes_ = bytes;
  drawn_ = json_ ? progress_json(now_) : progress_line(now_);
  draw(redraws_ && !last ? "" : "\n");
}

void Meter::draw(const std::string& end) {
  if (!redraws_) return net::log::put(drawn_ + end);
  winsize size{};
  (void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);  // on failure the width stays unknown
  const std::string start = std::exchange(line_open_, false) ? "\n" : "\r";
  net::log::put(start + fit(drawn_, size.ws_col) + "\x1b[K" + end);
}

void Meter::before_output() {
  if (!std::exchange(drawn_, {}).empty()) net::log::put("\r\x1b[K");
}

}  // namespace netcat
