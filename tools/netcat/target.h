// target.h - the destination: looked up and dialed, as often as --retry or --wait ask for.
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
    net::Dialed dialed;  // its socket has become the channel
    std::unique_ptr<Channel> channel;
    net::SockAddr local;
    std::vector<std::pair<net::SockAddr, net::Error>> failures;
    ProxyFailure proxy;        // there was a connection to the first proxy only
    bool out_of_time = false;  // before another try could be made (--wait)
  };

  // The time of -w begins now.
  explicit Target(Session& session)
      : session_(session),
        loop_(session.loop),
        options_(session.options),
        deadline_(options_.timeout) {}

  // Looks the destination, or the first proxy, and the source address up; must succeed before
  // dial().  With --wait a name that is not found may still appear.
  net::Task<Outcome> find();
  // `port` takes the place of the destination's.  Tries as often as --retry or --wait ask for.
  net::Task<Reached> dial(std::uint16_t port) { return dial(port, net::Fd()); }
  // `begun`: what dial_at_once() has left.
  net::Task<Reached> dial(std::uint16_t port, net::Fd begun);
  // The result, if one or two connect(2) calls give it: without a task, a watch or a timer.
  std::optional<Reached> dial_at_once(std::uint16_t port, net::Fd& begun);
  // The result of find().
  const std::vector<net::SockAddr>& addresses() const { return addresses_; }
  const std::vector<net::SockAddr>& sources() const { return sources_; }
  // The time of -w that is left after dial().
  net::Deadline deadline_of_handshake() const {
    return options_.retries > 0 || options_.scan ? net::Deadline(options_.timeout) : deadline_;
  }
  // The sentence and the status for a dial that failed; no sentence where say_failures() has one
  // for each address.
  Outcome failed(std::uint16_t port, const Reached& reached) const;
  // With -v, the addresses that failed.
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
  // Until the next try; `last`: the time of --wait runs out before.
  net::Millis pause(bool& last) const;

  Session& session_;
  net::Loop& loop_;
  const Options& options_;
  net::Deadline deadline_;
  std::vector<net::SockAddr> addresses_;  // of the first proxy if there is one
  std::vector<std::string> hosts_;        // what the last proxy is asked for, in turn
  std::vector<net::SockAddr> sources_;
  std::array<net::Fd, 2> reused_;  // of dial_at_once(), for the first addresses
  bool may_appear_ = false;        // the name that was not found
};

}  // namespace netcat
