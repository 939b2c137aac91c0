// target.h - whom netcat connects to: looked up once, dialed any number of times.
#pragma once

#include <utility>
#include <vector>

#include "common/dial.h"
#include "tools/netcat/relay.h"

namespace netcat {

class Target {
 public:
  // What came of a dial; `failures` are the addresses that did not work.
  struct Reached {
    net::Dialed dialed;
    std::vector<std::pair<net::SockAddr, net::Error>> failures;
  };

  // The time of -w begins now.
  Target(net::Loop& loop, const Options& options)
      : loop_(loop), options_(options), deadline_(options.timeout) {}

  // Looks the destination and the source address up; must succeed before dial().
  net::Task<Outcome> find();
  // `port` takes the place of the destination's; a scan has the time of -w for each.
  net::Task<Reached> dial(std::uint16_t port);
  // The sentence and the status for a dial that failed.
  Outcome failed(std::uint16_t port, const Reached& reached) const;

 private:
  net::Loop& loop_;
  const Options& options_;
  net::Deadline deadline_;
  std::vector<net::SockAddr> addresses_;
  std::vector<net::SockAddr> sources_;
};

}  // namespace netcat
