#include "tools/netcat/scan.h"

#include <sys/resource.h>

#include <algorithm>
#include <deque>
#include <random>

#include "tools/netcat/datagram/probe.h"
#include "tools/netcat/report.h"
#include "tools/netcat/target.h"

namespace netcat {

using net::Task;

// Enough to hide the round-trip times, but too few to look like an attack.
constexpr std::size_t kParallelPorts = 64;

// A port may need a descriptor for each address of the name.
static std::size_t parallel_ports() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kParallelPorts;
  return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur / 4, 1, kParallelPorts));
}

namespace {

class Scan {
 public:
  Scan(Session& session, Target& target)
      : session_(session),
        loop_(session.loop),
        options_(session.options),
        target_(target),
        ports_(options_.ports) {
    if (options_.unix_domain) ports_ = {0};
    if (options_.random_ports) std::ranges::shuffle(ports_, std::mt19937(std::random_device()()));
  }

  Task<Outcome> run();

 private:
  struct PortResult {
    bool done = false;
    bool open = false;  // possibly open if there was no answer
    bool answered = true;
    Target::Reached reached;
    Secured secured;  // with --tls
    bool good() const { return open && secured.outcome.status == net::kOk; }
  };
  bool probe_at_once(std::size_t at, net::Fd& begun);
  Task<> probe(std::size_t at, net::Fd begun);
  PortResult& result_of(std::size_t at) { return results_[at - reported_]; }
  void report();
  void say(std::uint16_t port, const PortResult& result) const;
  void count(std::uint16_t port, const PortResult& result);
  Outcome outcome() const;

  Session& session_;
  net::Loop& loop_;
  const Options& options_;
  Target& target_;
  std::vector<std::uint16_t> ports_;
  std::deque<PortResult> results_;  // from port reported_ to the last one begun
  std::size_t reported_ = 0;        // the number of ports reported so far
  bool open_ = false;
  Outcome failed_;  // the last failure; others take precedence over refusals
  std::string why_;
};

Task<Outcome> Scan::run() {
  const bool shares_port = options_.udp && options_.source_port != 0;
  const bool in_turn =
      shares_port || options_.interval > net::Millis::zero() || !options_.proxy.chain.empty();
  const std::size_t beside = in_turn ? 0 : parallel_ports() - 1;
  net::WaitGroup probes;
  for (std::size_t at = 0; at < ports_.size(); ++at) {
    if (in_turn && at > 0) (void)co_await net::sleep(loop_, options_.interval);  // never cancelled
    results_.emplace_back();
    net::Fd begun;
    if (!probe_at_once(at, begun)) {
      probes.go(probe(at, std::move(begun)));
      co_await probes.wait(beside);
    } else if (at % kParallelPorts == 0) {
      co_await net::yield(loop_);
    }
  }
  co_await probes.wait();
  co_return outcome();
}

// Returns false if a task has to wait for the rest.
bool Scan::probe_at_once(std::size_t at, net::Fd& begun) {
  if (options_.udp) return false;
  std::optional<Target::Reached> reached = target_.dial_at_once(ports_[at], begun);
  if (!reached) return false;
  PortResult& result = result_of(at);
  result.reached = *std::move(reached);
  result.open = result.reached.channel != nullptr;
  if (result.open && session_.security) return false;
  result.reached.channel.reset();
  result.done = true;
  report();
  return true;
}

Task<> Scan::probe(std::size_t at, net::Fd begun) {
  PortResult& result = result_of(at);
  if (options_.udp) {
    Probed probed = co_await probe_port(loop_, options_, target_, ports_[at]);
    result.answered = probed.answered;
    result.open = !probed.reached.dialed.error;
    result.reached = std::move(probed.reached);
  } else {
    if (!result.open) {
      Target::Reached reached = co_await target_.dial(ports_[at], std::move(begun));
      result.reached = std::move(reached);
    }
    std::unique_ptr<Channel> channel = std::move(result.reached.channel);
    result.open = channel != nullptr;
    if (result.open && session_.security) {
      const net::Deadline deadline = target_.deadline_of_handshake();
      const std::string name = name_of_peer(options_);
      Secured secured =
          co_await session_.security->shake_hands(loop_, std::move(channel), name, deadline);
      secured.channel.reset();
      result.secured = std::move(secured);
    }
    channel.reset();
  }
  result.done = true;
  report();
}

// Reports the completed results at the front, so that reports are in the order of the ports.
void Scan::report() {
  for (; !results_.empty() && results_.front().done; ++reported_) {
    const PortResult& result = results_.front();
    if (!options_.json) say(ports_[reported_], result);
    if (result.secured.info)
      say_tls(options_, result.reached.dialed.peer, *result.secured.info, result.secured.elapsed);
    count(ports_[reported_], result);
    results_.pop_front();
  }
}

void Scan::say(std::uint16_t port, const PortResult& result) const {
  const Target::Reached& reached = result.reached;
  target_.say_failures(reached);
  if (result.open && result.answered) target_.say_connected(port, reached);
  if (result.open && !result.answered) say_open_or_filtered(options_, reached.dialed.peer);
}

void Scan::count(std::uint16_t port, const PortResult& result) {
  open_ = open_ || result.good();
  if (result.good()) return;
  const Target::Reached& reached = result.reached;
  const bool refused = reached.dialed.error == net::Error(UV_ECONNREFUSED) && !reached.out_of_time;
  if (refused && failed_.status == net::kRefused) return;  // the sentence would be the same
  const bool is_tls = result.open;
  Outcome failed = is_tls ? result.secured.failed_at(options_.where(port))
                          : target_.failed(port, result.reached);
  const bool is_unsaid = is_tls || reached.proxy;  // say_failures() does not report these
  if (is_unsaid && tells_failed_attempts(options_))
    say_note(options_, std::exchange(failed.why, ""));
  const bool only_refused = failed_.status == net::kOk || failed_.status == net::kRefused;
  if (failed.status == net::kRefused && !only_refused) return;
  failed_ = std::move(failed);
  why_ = is_tls ? result.secured.outcome.why : Target::why(result.reached);
}

Outcome Scan::outcome() const {
  if (open_) return {};
  if (ports_.size() == 1 || failed_.why.empty() || failed_.status == net::kNoListen) return failed_;
  return {failed_.status, "connect to " + options_.host + ": none of " +
                              std::to_string(ports_.size()) + " ports open: " + why_};
}

}  // namespace

Task<Outcome> scan(Session& session) {
  Target target(session);
  Outcome outcome = co_await target.find();
  if (outcome.status != net::kOk) co_return outcome;
  Scan scan(session, target);
  outcome = co_await scan.run();
  co_return outcome;
}

}  // namespace netcat
