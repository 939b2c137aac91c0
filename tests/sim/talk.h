// talk.h - the data that netcat and a peer have exchanged, with or without simulated TLS.
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
  // Like the above, but if the peer has ended TLS and left, our close_notify does not count.
  bool all_data_is_acknowledged() const;

  std::string content;         // what the peer sent
  std::vector<Mark> arrivals;  // of content
  std::size_t taken;           // of content: bytes read by netcat
  std::string received;        // what the peer received
  Ms end_seen_at;              // when the peer's end was seen
  Ms finished_at;              // when netcat half-closed the connection
  int finishes;
  bool truncation_seen = false;

 private:
  const Remote& remote_;
  const Records* records_;
};

}  // namespace sim
