#include "tools/netcat/proxy/tunnel.h"

#include <sys/socket.h>

#include <array>

#include "common/cli/exit_status.h"
#include "common/net/watch.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Task;

constexpr net::Millis kAnswerLimit{30'000};  // without -w
constexpr std::size_t kPeekBytes = 4096;

namespace {

// One proxy: moves the dialogue's bytes until it is over or time has run out.
class Hop {
 public:
  Hop(net::Loop& loop, int fd, Dialogue& dialogue, net::Deadline deadline)
      : loop_(loop), fd_(fd), dialogue_(dialogue), deadline_(deadline), watch_(loop, fd) {}

  // Success when the dialogue is over; UV_ETIMEDOUT.
  Task<Error> run();

 private:
  Task<> limit();
  Task<Error> converse();
  Task<Error> send(std::string_view bytes);
  Error receive();
  bool has_own_limit() const { return deadline_.left() == net::kForever; }

  net::Loop& loop_;
  int fd_;
  Dialogue& dialogue_;
  net::Deadline deadline_;
  net::Watch watch_;
  net::Timer timer_{loop_};  // woken with each answer, and at the end
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
  if (!over_) watch_.cancel();
}

// An answer counts only after its request, even if it came too early.
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
    if (e == Error(UV_EAGAIN)) e = co_await watch_.readable();
    if (e) co_return e;
  }
}

// A proxy that has closed may have sent the reason: the next read reports the failure.
Task<Error> Hop::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      Error e = co_await watch_.writable();
      if (e) co_return e;
    } else if (errno != EINTR) {
      break;
    }
  }
  co_return Error();
}

// Peeks, then reads what belongs to the answer.
Error Hop::receive() {
  std::array<char, kPeekBytes> buffer;
  const ssize_t n = recv(fd_, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  if (n < 0) return errno == EINTR ? Error() : Error::from_errno();
  if (n == 0) dialogue_.end();
  const std::size_t taken = dialogue_.take({buffer.data(), static_cast<std::size_t>(n)});
  if (taken > 0) (void)recv(fd_, buffer.data(), taken, MSG_DONTWAIT);  // it is there
  return Error();
}

}  // namespace

std::string name_of_hop(const std::vector<Proxy>& chain, std::size_t hop) {
  const std::string name = "proxy " + chain[hop].where();
  return hop == 0 ? name : name + " by " + name_of_hop(chain, hop - 1);
}

// As the user sees it: the sentence, and for a proxy in the middle of a chain the status.
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

static ProxyFailure lost(Error e, bool has_own_limit) {
  if (e != Error(UV_ETIMEDOUT)) return {.status = net::kProxy, .why = e.message()};
  const char* why = has_own_limit ? "no answer within 30 s" : "no answer in time (-w)";
  return {.status = net::kTimedOut, .why = why, .absent = true};
}

Task<ProxyFailure> open_tunnel(net::Loop& loop, int fd, const Options& options,
                               const Destination& target, net::Deadline deadline) {
  const std::vector<Proxy>& chain = options.proxy.chain;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool last = i + 1 == chain.size();
    const Destination next = last ? target : Destination{chain[i + 1].host, chain[i + 1].port};
    const auto start = std::chrono::steady_clock::now();
    const auto dialogue = make_dialogue(chain[i], next);
    Hop hop(loop, fd, *dialogue, deadline);
    Error e = co_await hop.run();
    ProxyFailure failure = dialogue->failure();
    if (e) failure = lost(e, deadline.left() == net::kForever);
    say_hop(options, chain[i], next, failure, std::chrono::steady_clock::now() - start);
    if (failure) co_return in_place(std::move(failure), options, i, target);
  }
  co_return ProxyFailure{};
}

}  // namespace netcat
