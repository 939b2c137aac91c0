// target.h - the destination: looked up and dialed, with the repetitions of --retry or --wait.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "common/net/dial.h"
#include "tools/netcat/proxy/dialogue.h"
#include "tools/netcat/session.h"

namespace netcat {

class Target {
 public:
  // The result of a dial; `failures` are the addresses that failed in the last try.
  struct Reached {
    net::Dialed dialed;  // its socket has moved into the channel
    std::unique_ptr<Channel> channel;
    net::SockAddr local;
    std::vector<std::pair<net::SockAddr, net::Error>> failures;
    ProxyFailure proxy;        // only the first proxy was reached
    bool out_of_time = false;  // no time was left for another try (--wait)
  };

  // The time of -w starts now.
  explicit Target(Session& session)
      : session_(session),
        loop_(session.loop),
        options_(session.options),
        deadline_(options_.timeout) {}

  // Looks up the destination, or the first proxy, and the source address; must succeed before
  // dial().  With --wait a name that is not found is looked up again later.
  net::Task<Outcome> find();
  // Dials `port` instead of the destination's own port, as often as --retry or --wait require.
  net::Task<Reached> dial(std::uint16_t port) { return dial(port, net::Fd()); }
  // `begun`: the socket that dial_at_once() has left.
  net::Task<Reached> dial(std::uint16_t port, net::Fd begun);
  // Dials without a task, watch or timer: returns a result if one or two calls of connect(2) give
  // it.
  std::optional<Reached> dial_at_once(std::uint16_t port, net::Fd& begun);
  // After find() has failed: false if no later look-up can succeed either.
  bool can_be_resolved() const { return may_appear_; }
  // The addresses that find() has found.
  const std::vector<net::SockAddr>& addresses() const { return addresses_; }
  const std::vector<net::SockAddr>& sources() const { return sources_; }
  // The time of -w that is left after dial().
  net::Deadline deadline_of_handshake() const {
    return options_.retries > 0 || options_.scan ? net::Deadline(options_.timeout) : deadline_;
  }
  // The status and the sentence for a failed dial; the sentence is empty if say_failures() logs one
  // for each address.
  Outcome failed(std::uint16_t port, const Reached& reached) const;
  // With -v, logs the addresses that failed.
  void say_failures(const Reached& reached) const;
  void say_connected(std::uint16_t port, const Reached& reached) const;
  static std::string why(const Reached& reached);

 private:
  net::Task<Outcome> look_up(net::Deadline deadline);
  net::Task<Outcome> find_proxy(net::Deadline deadline);
  Outcome unknown(const std::string& name, net::Error e);
  net::Task<Reached> dial_once(std::uint16_t port, net::Deadline deadline, net::Fd& begun);
  net::Task<Reached> dial_addresses(std::uint16_t port, net::Deadline deadline, net::Fd& begun);
  net::Task<Reached> dial_through_proxies(std::uint16_t port, net::Deadline deadline);
  net::Deadline deadline_of(std::uint32_t tries) const;
  bool tells_failures(const Reached& reached) const;
  bool worth_another(const Reached& reached, std::uint32_t tries) const;
  // The time until the next try; sets `last` if the time of --wait runs out first.
  net::Millis pause(bool& last) const;

  Session& session_;
  net::Loop& loop_;
  const Options& options_;
  net::Deadline deadline_;
  std::vector<net::SockAddr> addresses_;  // of the first proxy, if any
  std::vector<std::string> hosts_;        // hosts to ask the last proxy for, in this order
  std::vector<net::SockAddr> sources_;
  std::array<net::Fd, 2> reused_;  // dial_at_once() uses them again, one per address
  bool may_appear_ = true;         // a name that was not found may be found later
};

}  // namespace netcat
