// talk.h - what netcat and a peer have said to each other, with TLS's manners or without: the data.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/records.h"

namespace sim {

class Talk {
 public:
  // records: null without TLS.
  Talk(const World& world, const Remote& remote, const Records* records);

  bool all_sent_is_acknowledged() const;
  // A peer that has ended TLS itself and is gone has lost nothing but our close_notify.
  bool all_data_is_acknowledged() const;

  std::string content;         // the peer's
  std::vector<Mark> arrivals;  // of it
  std::size_t taken;           // of it
  std::string received;        // by the peer
  Ms end_seen_at;              // the peer's
  Ms finished_at;              // when netcat half-closed
  int finishes;
  bool truncation_seen = false;

 private:
  const Remote& remote_;
  const Records* records_;
};

}  // namespace sim
