#include "channel.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

namespace e2e {

namespace {

int millis_left(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<Millis>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

// Waits for `events`; false when the deadline passes.
bool wait_for(int fd, short events, Clock::time_point deadline) {
  pollfd p{fd, events, 0};
  int n = 0;
  do n = poll(&p, 1, millis_left(deadline));
  while (n < 0 && errno == EINTR);
  return n > 0;
}

// A peer that has left is an error of write(2) here, not the end of the test.
[[maybe_unused]] const auto sigpipe_ignored = std::signal(SIGPIPE, SIG_IGN);

std::string excerpt(const std::string& s) {
  return s.size() <= 300 ? s : s.substr(0, 150) + "..." + s.substr(s.size() - 150);
}

}  // namespace

void fail(const std::string& what) { throw std::runtime_error(what); }
void fail_errno(const std::string& what) { fail(what + ": " + std::strerror(errno)); }

void wait_until(const std::string& what, const std::function<bool()>& done, Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (!done()) {
    if (Clock::now() > deadline) fail("waited in vain: " + what);
    std::this_thread::sleep_for(Millis(10));
  }
}

Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Fd::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Fd Fd::duplicate() const {
  const int copy = fcntl(fd_, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) fail_errno("dup");
  return Fd(copy);
}

Fd open_file(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0600);
  if (fd < 0) fail_errno(path);
  return Fd(fd);
}

Channel::Channel(Fd fd) : fd_(std::move(fd)) {
  if (fcntl(fd_.get(), F_SETFL, fcntl(fd_.get(), F_GETFL) | O_NONBLOCK) < 0) fail_errno("fcntl");
}

bool Channel::fill(Clock::time_point deadline) {
  if (eof_ || error_) return true;
  char chunk[65536];
  for (;;) {
    const ssize_t n = read(fd_.get(), chunk, sizeof chunk);
    if (n > 0) buffer_.append(chunk, static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno == EIO)) eof_ = true;
    if (n >= 0 || errno == EIO) return true;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      error_ = errno;
      return true;
    }
    if (!wait_for(fd_.get(), POLLIN, deadline)) return false;
  }
}

void Channel::need(Clock::time_point deadline, const std::string& wanted) {
  const bool more = !eof_ && !error_ && fill(deadline);
  if (more && !eof_ && !error_) return;
  const std::string why = eof_     ? "end of file"
                          : error_ ? std::string(std::strerror(error_))
                                   : std::string("time ran out");
  fail("reading " + wanted + ": " + why + "; have \"" + excerpt(buffer_) + "\"");
}

std::string Channel::take_until(std::string_view mark, Millis patience) {
  const auto deadline = Clock::now() + patience;
  std::size_t from = 0;
  std::size_t at;
  while ((at = buffer_.find(mark, from)) == std::string::npos) {
    from = buffer_.size() >= mark.size() ? buffer_.size() - mark.size() + 1 : 0;
    need(deadline, "\"" + std::string(mark) + "\"");
  }
  return take(at + mark.size());
}

std::string Channel::line(Millis patience) {
  std::string text = take_until("\n", patience);
  text.pop_back();
  return text;
}

std::string Channel::take(std::size_t size, Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (buffer_.size() < size) need(deadline, std::to_string(size) + " bytes");
  std::string head = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return head;
}

std::string Channel::rest(Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (!eof_) {
    if (error_ || !fill(deadline)) need(deadline, "up to end of file");
  }
  return std::exchange(buffer_, {});
}

void Channel::absorb() {
  while (fd_ && !eof_ && !error_) {
    if (!fill(Clock::now())) return;
  }
}

std::string Channel::available() {
  absorb();
  return std::exchange(buffer_, {});
}

bool Channel::silent_for(Millis time) { return buffer_.empty() && !fill(Clock::now() + time); }

bool Channel::is_reset(Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (!eof_ && !error_) {
    if (!fill(deadline)) return false;
  }
  return error_ == ECONNRESET;
}

void Channel::send(std::string_view data, Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (!data.empty()) {
    const ssize_t n = write(fd_.get(), data.data(), data.size());
    if (n > 0) data.remove_prefix(static_cast<std::size_t>(n));
    if (n >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) fail_errno("send");
    if (!wait_for(fd_.get(), POLLOUT, deadline)) {
      fail("send: time ran out with " + std::to_string(data.size()) + " bytes to go");
    }
  }
}

std::size_t Channel::send_until_stuck(std::string_view data, Millis stuck, std::size_t limit) {
  std::size_t sent = 0;
  while (sent < limit) {
    const std::size_t at = sent % data.size();
    const ssize_t n = write(fd_.get(), data.data() + at, data.size() - at);
    if (n > 0) sent += static_cast<std::size_t>(n);
    if (n >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) fail_errno("send");
    if (!wait_for(fd_.get(), POLLOUT, Clock::now() + stuck)) break;
  }
  return sent;
}

std::size_t first_readable(std::span<Channel* const> channels, Millis patience) {
  std::vector<pollfd> polled;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    if (channels[i]->has_buffered()) return i;
    polled.push_back({channels[i]->fd(), POLLIN, 0});
  }
  if (poll(polled.data(), polled.size(), static_cast<int>(patience.count())) <= 0) {
    fail("nothing to read on any of " + std::to_string(polled.size()) + " channels");
  }
  const auto ready = std::find_if(polled.begin(), polled.end(), [](auto& p) { return p.revents; });
  return static_cast<std::size_t>(ready - polled.begin());
}

}  // namespace e2e
