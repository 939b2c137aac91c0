#include "tests/sim/records.h"

#include <algorithm>
#include <array>

namespace sim {

using net::Error;
using net::Result;
using net::Task;

constexpr Error kAgain(UV_EAGAIN);
constexpr std::size_t kRecordBytes = 16'384;

// --- records ---

std::string sealed(std::string_view plain) {
  std::string records;
  while (!plain.empty()) {
    const std::string_view data = plain.substr(0, kRecordBytes);
    records += static_cast<char>(data.size() >> 8);
    records += static_cast<char>(data.size() & 0xff);
    records += data;
    plain.remove_prefix(data.size());
  }
  return records;
}

// The bytes of the first record, its length included; 0: it is not whole.
static std::size_t first_record(std::string_view records) {
  if (records.size() < 2) return 0;
  const auto byte = [records](std::size_t at) { return static_cast<unsigned char>(records[at]); };
  const std::size_t size = 2 + (std::size_t{byte(0)} << 8) + byte(1);
  return records.size() < size ? 0 : size;
}

std::string opened(std::string_view records) {
  std::string plain;
  for (std::size_t size = 0; (size = first_record(records)) > 0; records.remove_prefix(size))
    plain += records.substr(2, size - 2);
  return plain;
}

std::vector<Mark> opened_marks(const Source& source) {
  std::vector<Mark> marks;
  std::size_t at = 0;
  std::size_t plain = 0;
  for (const Mark& mark : source.arrivals) {
    const std::string_view records = std::string_view(source.content).substr(0, mark.total);
    for (std::size_t size = 0; (size = first_record(records.substr(at))) > 0; at += size)
      plain += size - 2;
    marks.push_back({mark.at, plain});
  }
  return marks;
}

void seal(World& world, Remote& remote, bool truncated) {
  Random& random = world.random();
  Source& in = remote.in;
  const bool answers = remote.answers && in.end_at >= kNever;
  std::string records;
  std::size_t before = 0;
  for (Mark& mark : in.arrivals) {
    records += sealed(std::string_view(in.content).substr(before, mark.total - before));
    before = mark.total;
    // The last bytes of a record come with the next one.
    const std::size_t late = random.chance(40) ? 1 + random.below(20) : 0;
    mark.total = records.size() - std::min(late, records.size());
  }
  for (std::size_t i = 1; i < in.arrivals.size(); ++i)
    in.arrivals[i].total = std::max(in.arrivals[i].total, in.arrivals[i - 1].total);
  const std::string end = truncated ? "" : std::string(kCloseNotify);
  if (!answers && in.end_at < kNever) records += end;
  if (truncated && !answers && random.chance(50))
    records.resize(records.size() - std::min<std::size_t>(records.size(), 1 + random.below(9)));
  if (in.arrivals.empty() && !records.empty()) in.arrivals.push_back({0, 0});
  if (!in.arrivals.empty()) in.arrivals.back().total = records.size();
  for (Mark& mark : in.arrivals) mark.total = std::min(mark.total, records.size());
  in.content = std::move(records);
  remote.answer = sealed(remote.answer) + end;
}

// --- to and from the network ---

Error Records::receive() {
  if (receive_error_) return receive_error_;
  std::array<char, kRecordBytes> buffer;
  const Result<std::size_t> n = under_.try_read(buffer);
  if (!n && n.error() != kAgain) receive_error_ = n.error();
  if (!n) return n.error();
  if (*n == 0) input_ended_ = true;
  in_.append(buffer.data(), *n);
  for (std::size_t size = 0; !peer_notified_ && (size = first_record(in_)) > 0;) {
    plain_ += in_.substr(2, size - 2);
    peer_notified_ = size == 2;
    in_.erase(0, size);
  }
  return {};
}

Error Records::flush() {
  while (!out_.empty()) {
    const Result<std::size_t> n = under_.try_write(out_);
    if (!n) return n.error();
    out_.erase(0, *n);
  }
  return {};
}

// --- data ---

Result<std::size_t> Records::try_read(std::span<char> buffer) {
  while (plain_.empty() && !peer_notified_ && !input_ended_) {
    const Error e = receive();
    if (e) return e;
  }
  if (!plain_.empty()) {
    const std::size_t n = plain_.copy(buffer.data(), buffer.size());
    plain_.erase(0, n);
    taken += n;
    return n;
  }
  if (peer_notified_) {
    end_seen_at = std::min(end_seen_at, world_.now());
    world_.add("reads close_notify", 1);
    return std::size_t{0};
  }
  truncation_seen = true;
  world_.add("sees a truncation", 1);
  return Error(UV_ECONNABORTED);
}

// As with TLS, what is in a record cannot be taken back.
Result<std::size_t> Records::try_write(std::string_view data) {
  if (finished_at < kNever) world_.finding("it sends after its close_notify");
  Error e = flush();
  if (e) return e;
  if (taking_.empty()) {
    taking_ = data.substr(0, 4 * kRecordBytes);
    out_ = sealed(taking_);
    e = flush();
    if (e) return e;
  }
  if (!data.starts_with(taking_)) world_.finding("it tries again with other bytes");
  const std::size_t n = taking_.size();
  taking_.clear();
  unacknowledged_ += n;
  return n;
}

Error Records::finish() {
  (void)undelivered();
  if (finished_at >= kNever) {
    finished_at = world_.now();
    out_ += kCloseNotify;
    world_.add("sends close_notify", 1);
  }
  const bool has_data = out_.size() > kCloseNotify.size();
  const Ms moved = under_.last_moved;
  const Error e = flush();
  if (!has_data) under_.last_moved = moved;  // no more than a FIN is
  if (e && e != kAgain && is_over() && unacknowledged_ == 0) {
    out_.clear();
    return {};
  }
  if (!e && !std::exchange(answered_, true)) under_.see_end();
  return e;
}

bool Records::has_input() {
  return !plain_.empty() || peer_notified_ || input_ended_ || receive_error_ || under_.has_input();
}

Result<std::size_t> Records::undelivered() {
  const Result<std::size_t> n = under_.undelivered();
  if (!n && is_over() && unacknowledged_ == 0) return std::size_t{0};
  if (!n) return n;
  const std::size_t pending = *n + out_.size();
  const std::size_t notify = finished_at < kNever ? kCloseNotify.size() : 0;
  unacknowledged_ = pending > notify ? pending : 0;
  return pending;
}

// --- waiting ---

Task<Error> Records::readable() {
  const bool has_data = !plain_.empty() || peer_notified_ || input_ended_;
  if (canceled_) co_return UV_ECANCELED;
  if (has_data) co_return Error();
  const Error e = co_await under_.readable();
  co_return e;
}

Task<Error> Records::writable() {
  if (canceled_) co_return UV_ECANCELED;
  if (out_.empty()) co_return Error();
  const Error e = co_await under_.writable();
  co_return e;
}

Task<Error> Records::hangup() {
  Error e = co_await under_.hangup();
  if (e != Error(UV_ECANCELED)) (void)undelivered();
  co_return is_over() && unacknowledged_ == 0 ? Error(UV_ECANCELED) : e;
}

void Records::cancel() {
  canceled_ = true;
  under_.cancel();
}

}  // namespace sim
