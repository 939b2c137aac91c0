// access.h - which clients may connect: netcat --allow and --deny.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/net/dial.h"
#include "tools/netcat/options.h"
#include "tools/netcat/relay/outcome.h"

namespace netcat {

// Splits HOST[/BITS]; false if BITS is not a number, or more than a numeric HOST has.
bool split_prefix(std::string_view text, std::string& host, int& bits);
// Whether the first `bits` bits of both are equal; if `bits` is negative, all bits.
bool has_prefix(const net::SockAddr& address, const net::SockAddr& prefix, int bits);

class Access {
 public:
  // Resolves the names in the lists.
  net::Task<Outcome> load(net::Loop& loop, const Options& options, net::Deadline deadline);
  // False if --deny lists the host or if --allow is given and does not list it.
  bool admits(const net::SockAddr& peer) const;

 private:
  struct Rule {
    net::SockAddr prefix;
    int bits;
  };
  static bool matches(const std::vector<Rule>& rules, const net::SockAddr& peer);

  std::vector<Rule> allowed_;
  std::vector<Rule> denied_;
};

}  // namespace netcat
