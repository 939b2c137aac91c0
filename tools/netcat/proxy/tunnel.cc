#include "tools/netcat/proxy/tunnel.h"

#include <array>

#include "common/cli/exit_status.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Task;

constexpr net::Millis kAnswerLimit{30'000};  // the default without -w
constexpr std::size_t kPeekBytes = 4096;

namespace {

// The dialogue with one proxy: moves its bytes until it is over or time has run out.
class Hop {
 public:
  Hop(net::Loop& loop, Channel& channel, Dialogue& dialogue, net::Deadline deadline)
      : channel_(channel), dialogue_(dialogue), deadline_(deadline), timer_(loop) {}

  // Success when the dialogue is over; UV_ETIMEDOUT.
  Task<Error> run();

 private:
  Task<> limit();
  Task<Error> converse();
  Task<Error> send(std::string_view bytes);
  Error receive();
  bool has_own_limit() const { return deadline_.left() == net::kForever; }

  Channel& channel_;
  Dialogue& dialogue_;
  net::Deadline deadline_;
  net::Timer timer_;  // woken by each answer and at the end
  bool over_ = false;
  bool timed_out_ = false;
};

Task<Error> Hop::run() {
  net::WaitGroup beside;
  beside.go(limit());
  Error e = co_await converse();
  over_ = true;
  timer_.wake();
  co_await beside.wait();
  co_return timed_out_ ? Error(UV_ETIMEDOUT) : e;
}

Task<> Hop::limit() {
  while (!over_) {
    Error e = co_await timer_.wait(has_own_limit() ? kAnswerLimit : deadline_.left());
    if (e == Error(UV_EINTR)) continue;
    timed_out_ = !e;
    break;
  }
  if (!over_) channel_.cancel();
}

// An answer is read only after its request was sent, even if it arrives earlier.
Task<Error> Hop::converse() {
  for (;;) {
    const std::string request = dialogue_.output();
    if (!request.empty()) {
      timer_.wake();
      Error e = co_await send(request);
      if (e) co_return e;
    }
    if (dialogue_.state() != Dialogue::State::kTalking) co_return Error();
    Error e = receive();
    if (e == Error(UV_EAGAIN)) e = co_await channel_.readable();
    if (e) co_return e;
  }
}

// A failed write is not reported here, because a proxy that has closed may have sent the reason:
// the next read reports it.
Task<Error> Hop::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const net::Result<std::size_t> n = channel_.try_write(bytes);
    if (n) {
      bytes.remove_prefix(*n);
    } else if (n.error() == Error(UV_EAGAIN)) {
      Error e = co_await channel_.writable();
      if (e) co_return e;
    } else {
      break;
    }
  }
  co_return Error();
}

// Peeks, then reads only what belongs to the answer.
Error Hop::receive() {
  std::array<char, kPeekBytes> buffer;
  const net::Result<std::size_t> n = channel_.try_peek(buffer);
  if (!n) return n.error();
  if (*n == 0) dialogue_.end();
  std::size_t taken = dialogue_.take({buffer.data(), *n});
  while (taken > 0) {  // these bytes are available
    const net::Result<std::size_t> removed = channel_.try_read(std::span(buffer).first(taken));
    if (!removed && removed.error() != Error(UV_EAGAIN)) return removed.error();
    if (removed && *removed == 0) break;
    if (removed) taken -= *removed;
  }
  return Error();
}

}  // namespace

std::string name_of_hop(const std::vector<Proxy>& chain, std::size_t hop) {
  const std::string name = "proxy " + chain[hop].where();
  return hop == 0 ? name : name + " by " + name_of_hop(chain, hop - 1);
}

// Completes the failure for the user: adds the names to the sentence, and sets the status if the
// proxy is not the last of the chain.
static ProxyFailure in_place(ProxyFailure failure, const Options& options, std::size_t hop,
                             const Destination& target) {
  const std::vector<Proxy>& chain = options.proxy.chain;
  const bool last = hop + 1 == chain.size();
  std::string who = name_of_hop(chain, hop);
  if (failure.of_target && last)
    who = target.host + " port " + std::to_string(target.port) + " by " + who;
  else if (failure.of_target)
    who = name_of_hop(chain, hop + 1);
  if (failure.of_target && !last) {
    failure.status = net::kProxy;
    failure.of_target = false;
  }
  failure.why = who + ": " + failure.why;
  return failure;
}

static ProxyFailure out_of_time(bool has_own_limit) {
  const char* why = has_own_limit ? "no answer within 30 s" : "no answer in time (-w)";
  return {.status = net::kTimedOut, .why = why, .absent = true};
}

static ProxyFailure lost(Error e, const Channel& channel, bool has_own_limit) {
  const std::string failure = channel.failure();
  if (e != Error(UV_ETIMEDOUT))
    return {.status = net::kProxy, .why = failure.empty() ? e.message() : failure};
  return out_of_time(has_own_limit);
}

// Encrypts the connection to an https proxy.
static Task<ProxyFailure> encrypt(Session& session, std::unique_ptr<Channel>& channel,
                                  const Proxy& proxy, net::Deadline deadline) {
  const bool has_own_limit = deadline.left() == net::kForever;
  const net::Deadline limit = has_own_limit ? net::Deadline(kAnswerLimit) : deadline;
  Secured secured = co_await session.proxy_security->shake_hands(session.loop, std::move(channel),
                                                                 proxy.host, limit);
  if (secured.outcome.status == net::kTimedOut) co_return out_of_time(has_own_limit);
  if (!secured.channel) co_return ProxyFailure{.status = net::kProxy, .why = secured.outcome.why};
  say_proxy_tls(session.options, proxy, *secured.info, secured.elapsed);
  channel = std::move(secured.channel);
  channel->reset_on_close(session.options.socket.resets_on_close);
  co_return ProxyFailure{};
}

static Task<ProxyFailure> ask(Session& session, std::unique_ptr<Channel>& channel,
                              const Proxy& proxy, const Destination& next, net::Deadline deadline) {
  if (proxy.type == Proxy::kHttps) {
    ProxyFailure failure = co_await encrypt(session, channel, proxy, deadline);
    if (failure) co_return failure;
  }
  const auto dialogue = make_dialogue(proxy, next);
  Hop hop(session.loop, *channel, *dialogue, deadline);
  Error e = co_await hop.run();
  if (e) co_return lost(e, *channel, deadline.left() == net::kForever);
  co_return dialogue->failure();
}

Task<ProxyFailure> open_tunnel(Session& session, std::unique_ptr<Channel>& channel,
                               const Destination& target, net::Deadline deadline) {
  const Options& options = session.options;
  const std::vector<Proxy>& chain = options.proxy.chain;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool last = i + 1 == chain.size();
    const Destination next = last ? target : Destination{chain[i + 1].host, chain[i + 1].port};
    const auto start = std::chrono::steady_clock::now();
    ProxyFailure failure = co_await ask(session, channel, chain[i], next, deadline);
    say_hop(options, chain[i], next, failure, std::chrono::steady_clock::now() - start);
    if (failure) co_return in_place(std::move(failure), options, i, target);
  }
  co_return ProxyFailure{};
}

}  // namespace netcat
