#include "common/net/line_reader.h"

namespace net {

// Each byte is scanned once and copied once, however many lines one read returns.
std::optional<std::string> LineReader::take() {
  const std::size_t newline = buffer_.find('\n', scanned_);
  const bool complete = newline != std::string::npos;
  const std::size_t end = complete ? newline : buffer_.size();
  const bool carriage_return = end > start_ && buffer_[end - 1] == '\r' && (complete || !ended_);
  const std::size_t size = end - start_ - (carriage_return ? 1 : 0);
  if (size > max_) {
    error_ = UV_EMSGSIZE;
    return std::nullopt;
  }
  scanned_ = end;
  if (!complete && (!ended_ || size == 0)) return std::nullopt;
  std::string line = buffer_.substr(start_, size);
  start_ = scanned_ = complete ? end + 1 : end;
  if (start_ == buffer_.size()) {
    std::string().swap(buffer_);
    start_ = scanned_ = 0;
  }
  return line;
}

void LineReader::add(const Result<std::string_view>& data) {
  error_ = data.error();
  ended_ = timed_out() || (data && (*data).empty());
  if (error_) return;
  buffer_.erase(0, start_);
  scanned_ -= start_;
  start_ = 0;
  buffer_.append(*data);
}

bool LineReader::Next::settle() {
  if (!lines.error_ || lines.timed_out()) line = lines.take();
  settled = line || lines.error_ || lines.ended_;
  return settled;
}

bool LineReader::Next::await_ready() {
  constexpr unsigned kAtOnce = 64;  // then other tasks run: one read may return 65,536 lines
  if (settle()) return ++lines.taken_ % kAtOnce != 0;
  lines.taken_ = 0;
  return ReadWait::await_ready();
}

bool LineReader::Next::await_suspend(std::coroutine_handle<> handle) {
  if (settled) {
    state->loop.resume_later(handle);
    return true;
  }
  enough = [](ReadWait& wait) {
    auto& self = static_cast<Next&>(wait);
    self.lines.add(self.finish());
    return self.settle();
  };
  return ReadWait::await_suspend(handle);
}

std::optional<std::string> LineReader::Next::await_resume() {
  while (!settled) {
    lines.add(finish());
    settle();
  }
  return std::move(line);
}

}  // namespace net
