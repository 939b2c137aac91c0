// seat.h - one of several clients (-k): its share of standard input and output.
//
// All seats read the same piece of standard input.  They write to standard output in turns, so that
// what one client sends at once stays together.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/net/timer.h"
#include "tools/netcat/channel/channel.h"

namespace netcat {

class Seat;

// What the seats share.
class Seats {
 public:
  Seats(net::Loop& loop, Channel& local) : loop_(loop), local_(local), changed_(loop) {}

  // Offers `piece` to every current seat but `except`.  The data must stay valid until each of them
  // has taken it.
  void offer(std::string_view piece, std::uint64_t except = 0);
  bool is_taken() const { return behind_ == 0; }  // by all seats that still exist
  bool was_taken() const { return takers_ > 0; }  // by any seat
  bool is_empty() const { return takes_input_ == 0; }
  void end_input();
  bool input_ended() const { return input_ended_; }
  // The number of the seat that wrote last.
  std::uint64_t last_writer() const { return last_writer_; }
  // While true, the input waits for something other than the client.
  void set_held(bool held) { held_ = held; }
  // Woken when a seat is added, closed, or done with the piece.
  net::Timer& changed() { return changed_; }
  // Until cancelled, wakes the seat whose turn it is whenever standard output has room.
  net::Task<net::Error> watch_room();
  void cancel();
  // Called when a client has finished sending.
  std::function<void()> on_finish;

 private:
  friend class Seat;
  void pass_turn();

  net::Loop& loop_;
  Channel& local_;
  net::Timer changed_;
  net::Timer blocked_{loop_};  // woken when standard output is full
  std::vector<Seat*> seats_;
  std::string_view piece_;
  std::size_t takers_ = 0;
  std::size_t behind_ = 0;       // seats that have not taken all of the piece
  std::size_t takes_input_ = 0;  // seats that will take the next piece
  std::deque<Seat*> queue_;      // seats waiting for their turn
  Seat* turn_ = nullptr;         // the seat that may write
  std::uint64_t numbers_ = 0;    // the number of seats created so far
  std::uint64_t last_writer_ = 0;
  bool input_ended_ = false;
  bool held_ = false;
  bool canceled_ = false;
};

class Seat final : public Channel {
 public:
  explicit Seat(Seats& seats);
  ~Seat() override;

  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;
  bool has_input() override { return at_ < piece_.size() || seats_.input_ended_; }
  bool has_room() override { return seats_.turn_ == nullptr || seats_.turn_ == this; }
  bool holds_up() override;
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override;
  net::Task<net::Error> hangup() override;
  void cancel() override;
  void stop_reading() override;  // what it has not read goes to the others

  // Makes the seat read a copy of `piece` first.
  void begin_with(std::string_view piece);
  bool is_behind() const { return taking_; }  // it has not taken all of the piece

 private:
  friend class Seats;
  void confirm();

  Seats& seats_;
  std::uint64_t number_;
  std::unique_ptr<std::string> first_;
  std::string_view piece_;
  std::size_t at_ = 0;   // the position in piece_ to read next
  bool taking_ = false;  // the piece may not have been fully sent yet
  bool deaf_ = false;
  bool canceled_ = false;
  net::Timer input_;
  net::Timer room_;
};

}  // namespace netcat
