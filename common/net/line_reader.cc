#include "common/net/line_reader.h"

namespace net {

// Each byte is looked at once and moved once, however many lines one read brings.
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
  if (error_) return;
  ended_ = (*data).empty();
  buffer_.erase(0, start_);
  scanned_ -= start_;
  start_ = 0;
  buffer_.append(*data);
}

Task<std::optional<std::string>> LineReader::next(Millis timeout) {
  constexpr unsigned kAtOnce = 64;  // one read may bring 65,536 lines: others have their turn
  if (++taken_ % kAtOnce == 0) co_await in_.yield();
  const Deadline deadline(timeout);
  for (;;) {
    std::optional<std::string> line;
    if (!error_) line = take();
    if (line || error_ || ended_) co_return line;
    taken_ = 0;
    const auto data = co_await in_.read(deadline.left());
    add(data);
  }
}

}  // namespace net
