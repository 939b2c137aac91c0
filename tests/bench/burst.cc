// burst: the load client's third mode: many lines in one write, then a half-close; each line must
// come back three times.

#include <sys/epoll.h>

#include <cctype>
#include <cstdint>
#include <vector>

#include "load.h"

namespace {

using namespace load;

constexpr double kBurstMax = 120;  // seconds until the end of the echoes

std::string burst_line(int index) {
  char text[32];
  std::snprintf(text, sizeof text, "Line %06d Of Many", index);
  return text;
}

// Checks off the three echoes of each line: upper case, as sent, lower case.
class Echoes {
 public:
  explicit Echoes(int lines) : seen_(static_cast<std::size_t>(lines)) {}

  void take(std::string_view bytes) {
    for (const char byte : bytes) {
      if (byte == '\n') {
        take_line();
        part_.clear();
      } else {
        part_ += byte;
      }
    }
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t bad() const { return bad_ + part_.size(); }  // a line cut short is bad, too

 private:
  void take_line() {
    ++count_;
    const int index = part_.size() > 7 ? std::atoi(part_.c_str() + 7) : -1;  // "\t LINE 000042"
    if (index < 0 || static_cast<std::size_t>(index) >= seen_.size()) {
      ++bad_;
      return;
    }
    const std::string same = burst_line(index);
    std::string upper = same, lower = same;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    const std::string echo = part_.substr(2);
    const unsigned kind = echo == upper ? 1U : echo == same ? 2U : echo == lower ? 4U : 0U;
    std::uint8_t& seen = seen_[static_cast<std::size_t>(index)];
    if (kind == 0 || (seen & kind) != 0 || part_.compare(0, 2, "\t ") != 0) ++bad_;
    seen = static_cast<std::uint8_t>(seen | kind);
  }

  std::vector<std::uint8_t> seen_;
  std::string part_;
  std::uint64_t count_ = 0, bad_ = 0;
};

// Sends all of text, half-closes, reads until EOF; false when there was none in time.
bool converse(int fd, std::string_view text, Echoes& echoes) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  static char buffer[65536];
  const double end = now() + kBurstMax;
  while (now() < end) {
    if (epoll_wait(epoll, &event, 1, 1000) <= 0) continue;
    if ((event.events & EPOLLOUT) != 0 && !text.empty()) {
      const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
      if (text.empty()) {
        shutdown(fd, SHUT_WR);
        event.events = EPOLLIN;
        epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
        continue;
      }
    }
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got > 0) echoes.take({buffer, static_cast<std::size_t>(got)});
    if (got == 0) return text.empty();
    if (got < 0 && errno != EAGAIN) return false;
  }
  return false;
}

}  // namespace

void load::run_burst(const Options& options) {
  std::string text;
  for (int i = 0; i < options.lines; ++i) text += burst_line(i) + "\n";
  Echoes echoes(options.lines);
  const int fd = Address(options.host, options.port).connect();
  const long long cpu_before = cpu_ns(options.pid);
  const double start = now();
  const bool eof = converse(fd, text, echoes);
  const double took = now() - start;
  const double cpu = static_cast<double>(cpu_since(options.pid, cpu_before));
  const bool all = echoes.count() == 3 * static_cast<std::uint64_t>(options.lines);
  std::puts(("{\"mode\":\"burst\"" + number("lines", options.lines) + number("seconds", took) +
             number("server_cpu_ns", cpu) + number("echoes", static_cast<double>(echoes.count())) +
             number("bad", static_cast<double>(echoes.bad())) + truth("eof", eof) +
             truth("every_echo", eof && all && echoes.bad() == 0) + "}")
                .c_str());
}
