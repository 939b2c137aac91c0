// records.h - a simulated connection that behaves like TLS: only whole records count as data,
// close_notify is the end, and an end without it is a truncation.
//
// A record is a length of two bytes and the data; a record without data is close_notify.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/world.h"

namespace sim {

inline constexpr std::string_view kCloseNotify{"\0\0", 2};

std::string sealed(std::string_view plain);
// Returns the data of the complete records at the front.
std::string opened(std::string_view records);
// Returns how much of the data can be read at which time.
std::vector<Mark> opened_marks(const Source& source);
// Turns what the peer sends into records.  truncated: it ends without close_notify.
void seal(World& world, Remote& remote, bool truncated);

class Records final : public netcat::Channel {
 public:
  Records(World& world, Remote& under) : world_(world), under_(under) {}

  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;
  bool has_input() override;
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override;
  net::Task<net::Error> hangup() override;
  void cancel() override;
  void reset_on_close(bool on) override { under_.reset_on_close(on); }
  net::Result<std::size_t> undelivered() override;
  std::uint64_t traffic() const override { return under_.in.taken + under_.out.received.size(); }
  void probe_peer() override { under_.probe_peer(); }

  // Whether there are records that the peer has not accepted.
  bool has_unsent() const { return !out_.empty(); }
  // The history of the run.
  std::size_t taken = 0;    // bytes of data read so far
  Ms end_seen_at = kNever;  // when the peer's close_notify was read
  Ms finished_at = kNever;  // when our close_notify was sent
  bool truncation_seen = false;

 private:
  net::Error receive();
  net::Error flush();
  bool is_over() const { return finished_at < kNever && peer_notified_; }

  World& world_;
  Remote& under_;
  std::string in_;      // an incomplete record
  std::string plain_;   // data to be read
  std::string out_;     // records to be sent
  std::string taking_;  // the data in out_, while try_write() returns UV_EAGAIN
  net::Error receive_error_;
  std::size_t unacknowledged_ = 0;
  bool peer_notified_ = false;
  bool input_ended_ = false;
  bool canceled_ = false;
  bool answered_ = false;
};

}  // namespace sim
