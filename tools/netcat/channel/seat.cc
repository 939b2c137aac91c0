#include "tools/netcat/channel/seat.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace netcat {

using net::Error;
using net::Task;

// --- what the seats share ---

void Seats::offer(std::string_view piece, std::uint64_t except) {
  piece_ = piece;
  takers_ = 0;
  for (Seat* seat : seats_) {
    if (seat->deaf_ || seat->number_ == except) continue;
    seat->piece_ = piece;
    seat->at_ = 0;
    seat->taking_ = true;
    ++behind_;
    seat->input_.wake();
  }
}

void Seats::end_input() {
  input_ended_ = true;
  for (Seat* seat : seats_) seat->input_.wake();
}

void Seats::pass_turn() {
  turn_ = nullptr;
  if (queue_.empty()) return;
  turn_ = queue_.front();
  queue_.pop_front();
  turn_->room_.wake();
}

Task<Error> Seats::watch_room() {
  while (!canceled_) {
    (void)co_await blocked_.wait(net::kForever);  // cancel() wakes it
    if (canceled_) break;
    Error e = co_await local_.writable();
    if (e) co_return e;
    if (turn_ != nullptr) turn_->room_.wake();
  }
  co_return Error(UV_ECANCELED);
}

void Seats::cancel() {
  canceled_ = true;
  blocked_.wake();
  changed_.wake();
}

// --- one seat ---

Seat::Seat(Seats& seats)
    : seats_(seats), number_(++seats.numbers_), input_(seats.loop_), room_(seats.loop_) {
  seats_.seats_.push_back(this);
  ++seats_.takes_input_;
  seats_.changed_.wake();
}

Seat::~Seat() {
  stop_reading();
  std::erase(seats_.seats_, this);
  std::erase(seats_.queue_, this);
  if (seats_.turn_ == this) seats_.pass_turn();
}

void Seat::begin_with(std::string_view piece) {
  if (piece.empty()) return;
  first_ = std::make_unique<std::string>(piece);
  piece_ = *first_;
  taking_ = true;
  ++seats_.behind_;
}

// A client that reads again, or waits to, has sent the piece that it read before.
void Seat::confirm() {
  if (!taking_ || at_ < piece_.size()) return;
  taking_ = false;
  --seats_.behind_;
  ++seats_.takers_;
  seats_.changed_.wake();
}

void Seat::stop_reading() {
  if (std::exchange(deaf_, true)) return;
  --seats_.takes_input_;
  if (std::exchange(taking_, false)) --seats_.behind_;
  seats_.changed_.wake();
}

net::Result<std::size_t> Seat::try_read(std::span<char> buffer) {
  confirm();
  const std::size_t n = std::min(buffer.size(), piece_.size() - at_);
  if (n == 0 && seats_.input_ended_) return std::size_t{0};
  if (n == 0) return Error(UV_EAGAIN);
  std::memcpy(buffer.data(), piece_.data() + at_, n);
  at_ += n;
  return n;
}

net::Result<std::size_t> Seat::try_write(std::string_view data) {
  if (!has_room()) return Error(UV_EAGAIN);
  const net::Result<std::size_t> n = seats_.local_.try_write(data);
  if (n) seats_.last_writer_ = number_;
  seats_.turn_ = this;
  if (n && *n == data.size()) seats_.pass_turn();
  if (!n && n.error() == Error(UV_EAGAIN)) seats_.blocked_.wake();
  return n;
}

Error Seat::finish() {
  if (seats_.turn_ == this) seats_.pass_turn();
  if (seats_.on_finish) seats_.on_finish();
  return {};
}

bool Seat::holds_up() { return seats_.held_ || (!taking_ && !seats_.is_taken()); }

Task<Error> Seat::readable() {
  confirm();
  while (!canceled_ && !has_input()) (void)co_await input_.wait(net::kForever);
  co_return canceled_ ? Error(UV_ECANCELED) : Error();
}

Task<Error> Seat::writable() {
  std::deque<Seat*>& queue = seats_.queue_;
  if (!has_room() && std::ranges::find(queue, this) == queue.end()) queue.push_back(this);
  if (!canceled_) (void)co_await room_.wait(net::kForever);  // until our turn, room, or cancel()
  co_return canceled_ ? Error(UV_ECANCELED) : Error();
}

// The hub watches for the exit of standard output's reader for all seats.
Task<Error> Seat::hangup() { co_return Error(UV_ECANCELED); }

void Seat::cancel() {
  canceled_ = true;
  stop_reading();
  input_.wake();
  room_.wake();
}

}  // namespace netcat
