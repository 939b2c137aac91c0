#include "tests/sim/talk.h"

namespace sim {

Talk::Talk(const World& world, const Remote& remote, const Records* records)
    : content(remote.in.content),
      arrivals(remote.in.arrivals),
      taken(remote.in.taken),
      received(remote.out.received),
      end_seen_at(remote.end_seen_at),
      finished_at(remote.finished_at),
      finishes(remote.finishes),
      remote_(remote),
      records_(records) {
  if (records_ == nullptr) return;
  if (finishes > 0) world.finding("a FIN before the end of TLS");
  content = opened(content);
  arrivals = opened_marks(remote.in);
  taken = records_->taken;
  received = opened(received);
  end_seen_at = records_->end_seen_at;
  finished_at = records_->finished_at;
  finishes = finished_at < kNever ? 1 : 0;
  truncation_seen = records_->truncation_seen;
}

bool Talk::all_sent_is_acknowledged() const {
  const bool unsent = records_ != nullptr && records_->has_unsent();
  return !unsent && remote_.acknowledged() == remote_.out.received.size();
}

bool Talk::all_data_is_acknowledged() const {
  if (records_ == nullptr || end_seen_at >= kNever) return all_sent_is_acknowledged();
  const std::string_view sent = remote_.out.received;
  return opened(sent.substr(0, remote_.acknowledged())).size() == received.size();
}

}  // namespace sim
