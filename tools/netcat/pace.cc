#include "tools/netcat/pace.h"

namespace netcat {

using net::Error;
using net::Millis;

std::string_view Pace::take(std::string_view& data) const {
  const std::size_t end = interval_ == Millis::zero() ? data.npos : data.find('\n');
  const std::string_view piece = data.substr(0, end == data.npos ? end : end + 1);
  data.remove_prefix(piece.size());
  return piece;
}

net::Task<Error> Pace::wait() {
  if (!line_ended_) co_return Error();
  const auto left = std::chrono::ceil<Millis>(next_ - Clock::now());
  if (left <= Millis::zero()) co_return Error();
  waiting_ = true;
  Error e = co_await timer_.wait(left);
  waiting_ = false;
  co_return e ? Error(UV_ECANCELED) : e;
}

void Pace::sent(std::string_view piece) {
  line_ended_ = interval_ > Millis::zero() && piece.ends_with('\n');
  next_ = Clock::now() + interval_;
}

}  // namespace netcat
