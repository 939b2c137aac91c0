#include "tools/netcat/datagram/ending.h"

namespace netcat {

constexpr net::Millis kReplyWait{1'000};  // after the end of input, how long to wait for a datagram

void DatagramEnding::output_blocked(bool on, Time now) {
  output_blocked_ = on;
  active_ = now;
}

void DatagramEnding::input_held(bool on, Time now) {
  input_held_ = on;
  active_ = now;
}

void DatagramEnding::restarted(Time now) {
  active_ = now;
  if (input_end_) input_end_ = now;
}

bool DatagramEnding::leaves() const {
  if (!input_end_ || options_.keep_open) return false;
  if (options_.send_only || options_.exit_when_sent || options_.quit_after) return true;
  return !options_.quit_never && (!options_.listen || input_seen_);
}

DatagramEnding::Limit DatagramEnding::limit() const {
  if (output_blocked_ || input_held_) return {};
  const bool limited = options_.idle != net::kForever;
  if (leaves()) {
    if (options_.send_only || options_.exit_when_sent) return {*input_end_, kComplete};
    if (options_.quit_after) return {*input_end_ + *options_.quit_after, kComplete};
    return {active_ + (limited ? options_.idle : kReplyWait), kComplete};
  }
  const bool first = options_.listen && !heard_;
  const net::Millis most = first ? options_.timeout : options_.idle;
  if (most == net::kForever) return {};
  return {active_ + most, first ? kTimedOut : kIdle};
}

DatagramEnding::Verdict DatagramEnding::verdict(Time now) const {
  const Limit next = limit();
  if (now < next.end || next.end == kNever) return kStay;
  return looked_ < next.end ? kLook : next.verdict;
}

}  // namespace netcat
