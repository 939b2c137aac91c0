#include "tools/netcat/relay/pace.h"

namespace netcat {

using net::Millis;

std::string_view Pace::take(std::string_view& data) const {
  const std::size_t end = interval_ == Millis::zero() ? data.npos : data.find('\n');
  const std::string_view piece = data.substr(0, end == data.npos ? end : end + 1);
  data.remove_prefix(piece.size());
  return piece;
}

net::Task<> Pace::wait() {
  if (!line_ended_) co_return;
  const auto left = std::chrono::ceil<Millis>(next_ - loop_.now());
  if (left <= Millis::zero()) co_return;
  (void)co_await timer_.wait(left);  // the caller checks for cancellation
}

void Pace::sent(bool line_ended) {
  line_ended_ = is_set() && line_ended;
  if (line_ended_) next_ = loop_.now() + interval_;
}

}  // namespace netcat
