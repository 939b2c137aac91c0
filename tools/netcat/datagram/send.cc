// Exchange: from standard input to the network.
#include <memory>

#include "tools/netcat/datagram/exchange.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Millis;
using net::Result;
using net::Task;

constexpr std::size_t kSendBatch = 8;  // datagrams in one call
constexpr std::size_t kInputBytes = kSendBatch * kDatagramBytes;
constexpr int kSendBurst = 64;    // calls before other tasks have their turn
constexpr Millis kBusyPause{10};  // before a full queue that cannot be watched is tried again

Task<> Exchange::feed() {
  const auto memory = std::make_unique_for_overwrite<char[]>(kInputBytes);
  const std::span<char> buffer(memory.get(), kInputBytes);
  std::size_t bytes = 1;
  while (!ended_ && bytes > 0) {
    if (target_ == nullptr || error_) {
      (void)co_await arrival_.wait(net::kForever);  // or end(), which the condition checks
      continue;
    }
    const Result<std::size_t> n = co_await net::read(in_, buffer);
    if (ended_) co_return;
    if (!n) co_return end(net::kLocalIo, std::string("stdin: ") + n.error().message());
    bytes = *n;
    if (bytes == 0) {
      slicer_.finish();
    } else {
      ending_.input_moved();
      slicer_.add({buffer.data(), bytes});
    }
    co_await send_slices();
  }
  ending_.input_ended(loop_.now());
  timer_.wake();
}

Task<> Exchange::send_slices() {
  const bool one_by_one = limit_.is_set() || pace_.is_set();
  while (!ended_) {
    const auto datagrams = slicer_.next(one_by_one ? 1 : kSendBatch);
    if (datagrams.empty()) co_return;
    if (one_by_one || session_.log.is_blocked()) co_await wait_for_limits();
    co_await send(datagrams);
    pace_.sent(true);
    if (target_ == nullptr) slicer_.clear();
  }
}

Task<> Exchange::wait_for_limits() {
  ending_.input_held(true, loop_.now());
  co_await limit_.wait();
  co_await pace_.wait();
  co_await wait_for_log();
  ending_.input_held(false, loop_.now());
  if (timer_idle_) timer_.wake();
}

// Waits for room in the socket's buffer, so that nothing is lost on this host.
Task<> Exchange::send(std::span<const std::string_view> datagrams) {
  while (!ended_ && !datagrams.empty() && target_ != nullptr) {
    if (error_) {
      (void)co_await arrival_.wait(net::kForever);  // woken if there is another address
      continue;
    }
    const Result<std::size_t> n = target_->send(datagrams, to_, from_);
    if (n) {
      for (const std::string_view datagram : datagrams.first(*n)) moved(Direction::kSent, datagram);
      ending_.moved(loop_.now());
      datagrams = datagrams.subspan(*n);
      if (++sent_ % kSendBurst == 0) co_await net::yield(loop_);
    } else if (n.error() == Error(UV_EAGAIN) || n.error() == Error(UV_ENOBUFS)) {
      co_await not_now(n.error());
    } else if (!try_next_address(n.error())) {
      co_await send_failed(n.error());
    }
  }
}

// Waits until a full queue has room.  Only our own queue, or that of a connected Unix peer, can be
// watched.
Task<> Exchange::not_now(Error e) {
  if (e == Error(UV_EAGAIN) && (to_.size() == 0 || !options_.unix_domain)) {
    Error watched = co_await target_->writable();
    if (watched && watched != Error(UV_ECANCELED)) failed(watched);
  } else {
    Error canceled = co_await net::sleep(loop_, kBusyPause);
    (void)canceled;
  }
}

Task<> Exchange::send_failed(Error e) {
  if (options_.keep_open) {
    say_problem(options_, to_, e.message());
    target_ = nullptr;  // until the next datagram is received
    co_return;
  }
  error_ = e;
  co_await give_up(*target_);
}

}  // namespace netcat
