#include "tools/netcat/target.h"

#include <algorithm>

#include "tools/netcat/channel/socket.h"
#include "tools/netcat/proxy/tunnel.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Dialed;
using net::Error;
using net::Millis;
using net::SockAddr;
using net::Task;

// The limit per try with --wait: an address that never answers must not prevent retries of one that
// refuses.
constexpr Millis kTryLimit{5'000};

Task<Outcome> Target::find() {
  for (;;) {
    Outcome outcome = co_await look_up(deadline_);
    const bool is_unknown = outcome.status == net::kNoName || outcome.status == net::kProxy;
    if (!is_unknown || !options_.wait || !may_appear_) co_return outcome;
    bool last = false;
    Error e = co_await net::sleep(loop_, pause(last));
    if (last) outcome.why += " (timed out, -w)";
    if (e || last) co_return outcome;
  }
}

Outcome Target::unknown(const std::string& name, Error e) {
  may_appear_ = !options_.numeric && e != Error(UV_EAI_ADDRFAMILY);
  return not_found(name, e, options_.numeric);
}

Task<Outcome> Target::look_up(net::Deadline deadline) {
  if (options_.unix_domain) {
    const auto address = SockAddr::unix_path(options_.path);
    if (!address) co_return Outcome{net::kUsage, options_.path + ": " + address.error().message()};
    addresses_ = {*address};
    co_return Outcome{};
  }
  if (!options_.source.empty()) {
    const auto sources = co_await net::lookup(loop_, options_.source, 0, options_.family,
                                              options_.numeric, deadline);
    if (!sources) co_return unknown(options_.source, sources.error());
    sources_ = *sources;
  }
  if (!options_.proxy.chain.empty()) {
    Outcome outcome = co_await find_proxy(deadline);
    co_return outcome;
  }
  const auto start = Tally::Clock::now();
  const auto found = co_await net::lookup(loop_, options_.host, options_.port, options_.family,
                                          options_.numeric, deadline);
  if (!found) co_return unknown(options_.host, found.error());
  const bool is_news = addresses_ != *found;
  addresses_ = *found;
  if (is_news) say_resolved(options_, addresses_, Tally::Clock::now() - start);
  co_return Outcome{};
}

// Looks up the first proxy and, if netcat resolves its name, the destination.
Task<Outcome> Target::find_proxy(net::Deadline deadline) {
  const Proxy& first = options_.proxy.chain.front();
  const auto found = co_await net::lookup(loop_, first.host, first.port, options_.family,
                                          options_.numeric, deadline);
  if (!found) {
    Outcome outcome = unknown(first.host, found.error());
    outcome.why = name_of_hop(options_.proxy.chain, 0) + ": " + outcome.why;
    if (outcome.status == net::kNoName) outcome.status = net::kProxy;
    co_return outcome;
  }
  addresses_ = *found;
  if (!options_.proxy.resolves_here() && !options_.numeric) {
    hosts_ = {options_.host};
    co_return Outcome{};
  }
  const bool v4_only = options_.proxy.chain.back().type == Proxy::kSocks4;
  const auto targets =
      co_await net::lookup(loop_, options_.host, options_.port, v4_only ? AF_INET : options_.family,
                           options_.numeric, deadline);
  if (!targets) co_return unknown(options_.host, targets.error());
  hosts_.clear();
  for (const SockAddr& address : *targets) hosts_.push_back(address.host());
  co_return Outcome{};
}

Task<Target::Reached> Target::dial_once(std::uint16_t port, net::Deadline deadline,
                                        net::Fd& begun) {
  if (options_.proxy.chain.empty()) {
    Reached reached = co_await dial_addresses(port, deadline, begun);
    co_return reached;
  }
  Reached reached = co_await dial_through_proxies(port, deadline);
  co_return reached;
}

// Tries each address of the destination, because the proxy may reach one but not another.
Task<Target::Reached> Target::dial_through_proxies(std::uint16_t port, net::Deadline deadline) {
  Reached reached;
  net::Fd none;
  for (const std::string& host : hosts_) {
    reached = co_await dial_addresses(options_.proxy.chain.front().port, deadline, none);
    if (!reached.channel) co_return reached;
    const Destination target{host, port};
    reached.proxy = co_await open_tunnel(session_, reached.channel, target, deadline);
    if (!reached.proxy) co_return reached;
    reached.channel.reset();
    if (!reached.proxy.of_target) co_return reached;
  }
  co_return reached;
}

Task<Target::Reached> Target::dial_addresses(std::uint16_t port, net::Deadline deadline,
                                             net::Fd& begun) {
  Reached reached;
  std::vector<SockAddr> addresses = addresses_;
  for (SockAddr& address : addresses) address.set_port(port);
  net::DialOptions how;
  how.sources = sources_;
  how.source_port = options_.source_port;
  how.prepare = [this](int fd, int family) { options_.socket.apply(fd, family); };
  how.begun = &begun;
  how.on_attempt = [this, &reached](const SockAddr& address, Error e, Elapsed elapsed) {
    say_attempt(options_, address, e, elapsed);
    if (e && e != Error(UV_ECANCELED)) reached.failures.emplace_back(address, e);
  };
  reached.dialed = co_await net::dial(loop_, addresses, how, deadline);
  if (reached.dialed.socket) {
    reached.local = SockAddr::local(reached.dialed.socket.get());
    reached.channel = std::make_unique<Socket>(loop_, std::move(reached.dialed.socket));
  }
  co_return reached;
}

std::optional<Target::Reached> Target::dial_at_once(std::uint16_t port, net::Fd& begun) {
  const bool tries_again = options_.wait || options_.retries > 0;
  const bool binds = !sources_.empty() || options_.source_port != 0;
  if (tries_again || binds || options_.unix_domain || !options_.proxy.chain.empty() ||
      addresses_.size() > reused_.size())
    return {};
  const auto prepare = [this](int fd, int family) { options_.socket.apply(fd, family); };
  // Only --json reports the elapsed time, and reading the clock twice costs 3 % of a port.
  const auto now = [this] {
    return options_.json ? Tally::Clock::now() : Tally::Clock::time_point();
  };
  Reached reached;
  std::array<Elapsed, 2> elapsed{};
  std::size_t tried = 0;
  for (bool open = false; !open && tried < addresses_.size(); ++tried) {
    SockAddr address = addresses_[tried];
    address.set_port(port);
    net::Fd& socket = reused_[tried];
    const auto start = now();
    Error e = net::connect_at_once(socket, address, prepare);
    elapsed[tried] = now() - start;
    open = !e;
    if (open) {
      reached.dialed = {Dialed::kConnected, e, {}, address, false};
      reached.local = SockAddr::local(socket.get());
      reached.channel = std::make_unique<Socket>(loop_, std::move(socket));
    } else if (e == Error(UV_ECONNREFUSED)) {
      reached.dialed = {Dialed::kConnect, e, {}, address, false};
      reached.failures.emplace_back(address, e);
    } else {  // nothing has been reported yet, so dial() can start over
      net::Fd unused = std::move(socket);
      if (tried == 0) begun = std::move(unused);
      return {};
    }
  }
  for (std::size_t i = 0; i < tried; ++i) {
    const bool failed = i < reached.failures.size();
    const SockAddr& address = failed ? reached.failures[i].first : reached.dialed.peer;
    say_attempt(options_, address, failed ? reached.failures[i].second : Error(), elapsed[i]);
  }
  return reached;
}

// True if there may be no server yet.  Any other failure will not go away by itself.
static bool is_absence(Error e) {
  for (const int code :
       {UV_ECONNREFUSED, UV_ETIMEDOUT, UV_EHOSTUNREACH, UV_ENETUNREACH, UV_EHOSTDOWN, UV_ENOENT})
    if (e == Error(code)) return true;
  return false;
}

bool Target::worth_another(const Reached& reached, std::uint32_t tries) const {
  const Dialed& dialed = reached.dialed;
  const bool absent = dialed.stage == Dialed::kConnect && is_absence(dialed.error);
  if (!absent && !reached.proxy.absent) return false;
  return options_.wait || tries <= options_.retries;
}

// With --wait one limit covers everything.  Otherwise each try has its own; the first try shares it
// with the look-up, unless the look-up was for many ports.
net::Deadline Target::deadline_of(std::uint32_t tries) const {
  if (options_.wait) {
    const Millis left = deadline_.left();
    return net::Deadline(left == net::kForever ? kTryLimit : std::min(left, kTryLimit));
  }
  return tries == 1 && !options_.scan ? deadline_ : net::Deadline(options_.timeout);
}

Millis Target::pause(bool& last) const {
  const Millis left = options_.wait ? deadline_.left() : net::kForever;
  last = left != net::kForever && left <= options_.retry_interval;
  return last ? left : options_.retry_interval;
}

Task<Target::Reached> Target::dial(std::uint16_t port, net::Fd begun) {
  for (std::uint32_t tries = 1;; ++tries) {
    const net::Deadline deadline = deadline_of(tries);
    Reached reached = co_await dial_once(port, deadline, begun);
    if (!worth_another(reached, tries)) co_return reached;
    const Millis time = pause(reached.out_of_time);
    if (!options_.scan && !reached.out_of_time) say_failures(reached);
    if (reached.proxy && !reached.out_of_time) say_try_failed(options_, reached.proxy.why);
    Error e = co_await net::sleep(loop_, time);
    if (e || reached.out_of_time) co_return reached;
    // If the look-up fails, the previous addresses are tried again.
    const net::Deadline limit = options_.wait ? deadline_ : net::Deadline(options_.timeout);
    (void)co_await look_up(limit);
  }
}

bool Target::tells_failures(const Reached& reached) const {
  return reached.dialed.stage != Dialed::kBind && !reached.failures.empty() &&
         tells_failed_attempts(options_);
}

void Target::say_failures(const Reached& reached) const {
  if (!tells_failures(reached)) return;
  for (const auto& [address, error] : reached.failures)
    say_attempt_failed(options_, address, error);
}

void Target::say_connected(std::uint16_t port, const Reached& reached) const {
  if (options_.proxy.chain.empty())
    netcat::say_connected(options_, reached.dialed.peer, reached.local);
  else
    say_tunnelled(options_, port, reached.dialed.peer, reached.local);
}

std::string Target::why(const Reached& reached) {
  const std::string why = reached.proxy ? reached.proxy.why : reached.dialed.error.message();
  const bool said =
      reached.dialed.error == Error(UV_ETIMEDOUT) || reached.proxy.status == net::kTimedOut;
  return reached.out_of_time && !said ? "timed out (-w); last error: " + why : why;
}

Outcome Target::failed(std::uint16_t port, const Reached& reached) const {
  const Dialed& dialed = reached.dialed;
  if (dialed.stage == Dialed::kBind) {
    const std::string source = options_.source.empty() ? "" : options_.source + " ";
    return {net::kNoListen, "bind to " + source + "port " + std::to_string(options_.source_port) +
                                ": " + why(reached)};
  }
  if (reached.proxy)
    return {reached.out_of_time ? net::kTimedOut : reached.proxy.status, why(reached)};
  const bool timed_out = reached.out_of_time || dialed.error == Error(UV_ETIMEDOUT);
  const bool refused = !timed_out && dialed.error == Error(UV_ECONNREFUSED);
  // A reset means that the peer had accepted the connection.
  const bool lost = !timed_out && dialed.error == Error(UV_ECONNRESET);
  const int status = refused     ? net::kRefused
                     : timed_out ? net::kTimedOut
                     : lost      ? net::kLost
                                 : net::kUnreachable;
  if (const std::vector<Proxy>& chain = options_.proxy.chain; !chain.empty())
    return {timed_out ? net::kTimedOut : net::kProxy, name_of_hop(chain, 0) + ": " + why(reached)};
  if (tells_failures(reached) && !reached.out_of_time) return {status, ""};
  return {status, "connect to " + options_.where(port) + ": " + why(reached)};
}

}  // namespace netcat
