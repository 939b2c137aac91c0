#include "tools/netcat/connect.h"

#include "common/dial.h"
#include "tools/netcat/verbose.h"

namespace netcat {

using net::Dialed;
using net::Error;
using net::SockAddr;

static Outcome failed(const Options& options, const Dialed& dialed) {
  const std::string why = dialed.error.message();
  const bool timed_out = dialed.error == Error(UV_ETIMEDOUT);
  if (dialed.stage == Dialed::kLookup)
    return {timed_out ? net::kTimedOut : net::kNoName, options.host + ": " + why};
  if (dialed.stage == Dialed::kBind) {
    const std::string source = options.source.empty() ? "" : options.source + " ";
    return {net::kNoListen,
            "bind to " + source + "port " + std::to_string(options.source_port) + ": " + why};
  }
  const bool refused = dialed.error == Error(UV_ECONNREFUSED);
  const int status = refused ? net::kRefused : timed_out ? net::kTimedOut : net::kUnreachable;
  return {status, "connect to " + options.where() + ": " + why};
}

// A single failure is told by the last line, which comes without -v too.
static void say_attempts(const std::vector<std::pair<SockAddr, Error>>& attempts) {
  for (const auto& [address, error] : attempts)
    if (attempts.size() > 1 && error) say_attempt_failed(address, error);
}

net::Task<Outcome> connect(net::Loop& loop, const Options& options) {
  std::vector<std::pair<SockAddr, Error>> attempts;
  net::DialOptions how;
  how.family = options.family;
  how.numeric = options.numeric;
  how.timeout = options.timeout;
  how.source_port = options.source_port;
  how.on_attempt = [&attempts](const SockAddr& address, Error e, net::Millis) {
    attempts.emplace_back(address, e);
  };
  Dialed dialed;
  if (options.unix_domain) {
    const auto address = SockAddr::unix_path(options.path);
    if (!address) co_return Outcome{net::kUsage, options.path + ": " + address.error().message()};
    const net::Deadline deadline(options.timeout);
    const std::vector<SockAddr> only{*address};
    dialed = co_await net::dial(loop, only, how, deadline);
  } else {
    if (!options.source.empty()) {
      const auto sources =
          net::passive_addresses(options.source, 0, options.family, options.numeric);
      if (!sources)
        co_return Outcome{net::kNoName, options.source + ": " + sources.error().message()};
      how.sources = *sources;
    }
    dialed = co_await net::dial(loop, options.host, options.port, how);
  }
  if (options.verbose > 0) say_attempts(attempts);
  if (!dialed.socket) co_return failed(options, dialed);
  if (options.verbose > 0) say_connected(options, dialed.peer);
  Outcome outcome = co_await relay(loop, std::move(dialed.socket), options);
  co_return outcome;
}

}  // namespace netcat
