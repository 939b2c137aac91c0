#include "tools/netcat/target.h"

#include <algorithm>

#include "tools/netcat/report.h"

namespace netcat {

using net::Dialed;
using net::Error;
using net::Millis;
using net::SockAddr;
using net::Task;

// An address that never answers must not keep --wait from looking again at one that refuses.
constexpr Millis kTryLimit{5'000};

Task<Outcome> Target::find() {
  for (;;) {
    Outcome outcome = co_await look_up(deadline_);
    if (outcome.status != net::kNoName || !options_.wait || !may_appear_) co_return outcome;
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
  const auto start = Tally::Clock::now();
  const auto found = co_await net::lookup(loop_, options_.host, options_.port, options_.family,
                                          options_.numeric, deadline);
  if (!found) co_return unknown(options_.host, found.error());
  const bool is_news = addresses_ != *found;
  addresses_ = *found;
  if (is_news) say_resolved(options_, addresses_, Tally::Clock::now() - start);
  co_return Outcome{};
}

Task<Target::Reached> Target::dial_once(std::uint16_t port, net::Deadline deadline) {
  Reached reached;
  std::vector<SockAddr> addresses = addresses_;
  for (SockAddr& address : addresses) address.set_port(port);
  net::DialOptions how;
  how.sources = sources_;
  how.source_port = options_.source_port;
  how.prepare = [this](int fd, int family) { options_.socket.apply(fd, family); };
  how.on_attempt = [this, &reached](const SockAddr& address, Error e, Elapsed elapsed) {
    say_attempt(options_, address, e, elapsed);
    if (e && e != Error(UV_ECANCELED)) reached.failures.emplace_back(address, e);
  };
  reached.dialed = co_await net::dial(loop_, addresses, how, deadline);
  co_return reached;
}

// Nobody is there, yet.  Anything else will not change by itself.
static bool is_absence(Error e) {
  for (const int code :
       {UV_ECONNREFUSED, UV_ETIMEDOUT, UV_EHOSTUNREACH, UV_ENETUNREACH, UV_EHOSTDOWN, UV_ENOENT})
    if (e == Error(code)) return true;
  return false;
}

bool Target::worth_another(const Dialed& dialed, std::uint32_t tries) const {
  if (dialed.stage != Dialed::kConnect || !is_absence(dialed.error)) return false;
  return options_.wait || tries <= options_.retries;
}

// --wait has one limit for everything; otherwise each try has its own, and the first shares it with
// the look-up, unless that was for many ports.
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

Task<Target::Reached> Target::dial(std::uint16_t port) {
  for (std::uint32_t tries = 1;; ++tries) {
    const net::Deadline deadline = deadline_of(tries);
    Reached reached = co_await dial_once(port, deadline);
    if (!worth_another(reached.dialed, tries)) co_return reached;
    const Millis time = pause(reached.out_of_time);
    if (!options_.scan && !reached.out_of_time) say_failures(reached);
    Error e = co_await net::sleep(loop_, time);
    if (e || reached.out_of_time) co_return reached;
    // Where that fails the addresses from before are tried again.
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

std::string Target::why(const Reached& reached) {
  const std::string why = reached.dialed.error.message();
  const bool said = reached.dialed.error == Error(UV_ETIMEDOUT);
  return reached.out_of_time && !said ? "timed out (-w); last error: " + why : why;
}

Outcome Target::failed(std::uint16_t port, const Reached& reached) const {
  const Dialed& dialed = reached.dialed;
  if (dialed.stage == Dialed::kBind) {
    const std::string source = options_.source.empty() ? "" : options_.source + " ";
    return {net::kNoListen, "bind to " + source + "port " + std::to_string(options_.source_port) +
                                ": " + why(reached)};
  }
  const bool timed_out = reached.out_of_time || dialed.error == Error(UV_ETIMEDOUT);
  const bool refused = !timed_out && dialed.error == Error(UV_ECONNREFUSED);
  // Only a peer that has been there resets: it had accepted before we looked.
  const bool lost = !timed_out && dialed.error == Error(UV_ECONNRESET);
  const int status = refused     ? net::kRefused
                     : timed_out ? net::kTimedOut
                     : lost      ? net::kLost
                                 : net::kUnreachable;
  if (tells_failures(reached) && !reached.out_of_time) return {status, ""};
  return {status, "connect to " + options_.where(port) + ": " + why(reached)};
}

}  // namespace netcat
