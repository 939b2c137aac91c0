#include "tools/netcat/channel/broker.h"

#include <algorithm>

namespace netcat {

using net::Error;
using net::Task;

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

net::Result<std::size_t> Broker::try_read(std::span<char> buffer) {
  is_from_client_ = !said_.empty();
  if (is_from_client_) {
    const std::size_t n = said_.copy(buffer.data(), buffer.size());
    said_.erase(0, n);
    if (said_.empty()) room_.wake();
    return n;
  }
  if (input_ == nullptr || input_ended_) return Error(UV_EAGAIN);
  const net::Result<std::size_t> n = input_->try_read(buffer);
  input_ended_ = n && *n == 0;
  return input_ended_ ? Error(UV_EAGAIN) : n;
}

net::Result<std::size_t> Broker::try_write(std::string_view data) {
  if (!said_.empty()) return Error(UV_EAGAIN);
  said_ = data.substr(0, kPieceBytes);
  heard_.wake();
  return said_.size();
}

bool Broker::has_input() {
  return !said_.empty() || (input_ != nullptr && !input_ended_ && input_->has_input());
}

Task<Error> Broker::readable() {
  while (!canceled_ && said_.empty() && !std::exchange(input_ready_, false)) {
    const bool reads = input_ != nullptr && !input_ended_;
    if (reads && !std::exchange(is_watching_, true)) watching_.go(watch_input());
    (void)co_await heard_.wait(net::kForever);
  }
  co_return canceled_ ? Error(UV_ECANCELED) : Error();
}

Task<> Broker::watch_input() {
  Error e = co_await input_->readable();
  is_watching_ = false;
  input_ready_ = !e;
  heard_.wake();
}

Task<Error> Broker::writable() {
  while (!canceled_ && !said_.empty()) (void)co_await room_.wait(net::kForever);
  co_return canceled_ ? Error(UV_ECANCELED) : Error();
}

Task<Error> Broker::hangup() { co_return Error(UV_ECANCELED); }

void Broker::cancel() {
  canceled_ = true;
  if (input_ != nullptr) input_->cancel();
  heard_.wake();
  room_.wake();
}

}  // namespace netcat
