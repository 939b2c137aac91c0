// records.h - a connection with TLS's manners in the simulation: what arrives counts by whole
// records, close_notify is the end, and an end without it is a truncation.
//
// A record is two bytes of length and so many bytes of data; without data it is close_notify.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/world.h"

namespace sim {

inline constexpr std::string_view kCloseNotify{"\0\0", 2};

std::string sealed(std::string_view plain);
// The data of the whole records at the front.
std::string opened(std::string_view records);
// When how much of the data can be read.
std::vector<Mark> opened_marks(const Source& source);
// Makes records of what the peer sends.  truncated: it ends without close_notify.
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

  // What the peer does not take.
  bool has_unsent() const { return !out_.empty(); }
  // The history.
  std::size_t taken = 0;    // bytes of data that were read
  Ms end_seen_at = kNever;  // close_notify
  Ms finished_at = kNever;  // our own
  bool truncation_seen = false;

 private:
  net::Error receive();
  net::Error flush();
  bool is_over() const { return finished_at < kNever && peer_notified_; }

  World& world_;
  Remote& under_;
  std::string in_;      // not a whole record yet
  std::string plain_;   // to be read
  std::string out_;     // to be sent
  std::string taking_;  // what is in out_, while try_write() says UV_EAGAIN
  net::Error receive_error_;
  std::size_t unacknowledged_ = 0;
  bool peer_notified_ = false;
  bool input_ended_ = false;
  bool canceled_ = false;
  bool answered_ = false;
};

}  // namespace sim
