#include "common/net/dial.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <list>
#include <memory>

#include "common/net/socket_option.h"
#include "common/net/watch.h"

namespace net {

constexpr Millis kAttemptDelay{250};  // RFC 8305, section 8
constexpr Millis kBusyDelay{10};      // before trying a full Unix listener again

std::vector<SockAddr> interleaved(const std::vector<SockAddr>& addresses) {
  std::vector<SockAddr> first, second, mixed;
  for (const SockAddr& address : addresses)
    (address.family() == addresses.front().family() ? first : second).push_back(address);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

// --- the race ---

namespace {

struct Race {
  Race(Loop& on, const DialOptions& with) : loop(on), options(with), progress(on) {}
  Loop& loop;
  const DialOptions& options;
  Timer progress;            // woken at the end of each attempt
  std::list<Watch*> racing;  // cancelled when one attempt has won
  WaitGroup attempts;
  Dialed result{
      .stage = Dialed::kConnect, .error = UV_ENETUNREACH, .socket = {}, .peer = {}, .reset = false};

  bool over = false;
  bool timed_out = false;

  bool won() const { return static_cast<bool>(result.socket); }
};

}  // namespace

// Ranks errors by how much they tell: the peer refused, no peer answered, any other error.
static int rank(Error e) {
  return e == Error(UV_ECONNREFUSED) ? 2 : e == Error(UV_ETIMEDOUT) ? 1 : 0;
}

static Error bind_source(const Race& race, int fd, int family) {
  const DialOptions& options = race.options;
  if (family == AF_UNIX || (options.sources.empty() && options.source_port == 0)) return {};
  SockAddr source = *SockAddr::numeric(family == AF_INET6 ? "::" : "0.0.0.0", 0);
  bool found = options.sources.empty();
  for (const SockAddr& given : options.sources) {
    if (!found && given.family() == family) source = given;
    found = found || given.family() == family;
  }
  if (!found) return UV_EAFNOSUPPORT;
  source.set_port(options.source_port);
  (void)set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return bind(fd, source.get(), source.size()) == 0 ? Error() : Error::from_errno();
}

static Fd tcp_or_unix_socket(int family) {
  return Fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static Error try_connect(int fd, const SockAddr& address) {
  return connect(fd, address.get(), address.size()) == 0 ? Error() : Error::from_errno();
}

Error connect_at_once(Fd& socket, const SockAddr& address,
                      const std::function<void(int fd, int family)>& prepare) {
  if (!socket) {
    socket = tcp_or_unix_socket(address.family());
    if (!socket) return Error::from_errno();
    prepare(socket.get(), address.family());
  }
  // The first call returns EINPROGRESS even if this host has answered; the second returns the
  // answer.
  Error e = try_connect(socket.get(), address);
  if (e == Error(-EINPROGRESS)) e = try_connect(socket.get(), address);
  const bool met_ourselves = !e && SockAddr::local(socket.get()) == address;
  if (met_ourselves || (e && e != Error(UV_ECONNREFUSED) && e != Error(UV_EALREADY))) socket = Fd();
  return met_ourselves ? Error(UV_ECONNREFUSED) : e;
}

static bool has_unread(int fd) {
  int bytes = 0;
  return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

// reset: set if the peer accepted and at once reset the connection; what it sent before can still
// be read.
static Task<Error> connect_one(Race& race, int fd, const SockAddr& address, bool begun,
                               bool& reset) {
  while (begun || connect(fd, address.get(), address.size()) != 0) {
    if (std::exchange(begun, false)) errno = EINPROGRESS;
    if (errno == EISCONN) break;
    if (errno == EAGAIN) {  // a Unix listener whose queue is full
      Error e = co_await sleep(race.loop, kBusyDelay);
      if (e || race.over) co_return Error(UV_ECANCELED);
      continue;
    }
    if (errno != EINPROGRESS && errno != EINTR) co_return Error::from_errno();
    Watch watch(race.loop, fd);
    race.racing.push_back(&watch);
    Error e = co_await watch.writable();
    race.racing.remove(&watch);
    if (e) co_return e;
    if (has_unread(fd)) break;  // connected; if it is already reset, the reader gets the error
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    reset = error == ECONNRESET || error == EPIPE;  // not a refusal, which is ECONNREFUSED
    if (reset) break;
    // No server listens there: the kernel chose this port as our source, so we connected to
    // ourselves.
    if (error == 0 && address.family() != AF_UNIX && SockAddr::local(fd) == address)
      error = ECONNREFUSED;
    co_return Error(-error);
  }
  co_return Error();
}

static Task<> attempt(Race& race, SockAddr address) {
  const auto start = std::chrono::steady_clock::now();
  const bool begun = race.options.begun != nullptr && *race.options.begun;
  Fd fd = begun ? std::move(*race.options.begun) : tcp_or_unix_socket(address.family());
  Error e = fd ? Error() : Error::from_errno();
  Dialed::Stage stage = Dialed::kConnect;
  if (!e && !begun && race.options.prepare) race.options.prepare(fd.get(), address.family());
  if (!e && !begun) {
    e = bind_source(race, fd.get(), address.family());
    if (e) stage = Dialed::kBind;
  }
  bool reset = false;
  if (!e) e = co_await connect_one(race, fd.get(), address, begun, reset);
  const bool stopped = e == Error(UV_ECANCELED);
  if (stopped && race.timed_out) e = UV_ETIMEDOUT;
  if (race.options.on_attempt)
    race.options.on_attempt(address, e, std::chrono::steady_clock::now() - start);
  if (stopped) co_return;
  if (!e && !race.won())
    race.result = {Dialed::kConnected, Error(), std::move(fd), address, reset};
  else if (e && !race.won() && rank(e) >= rank(race.result.error))
    race.result = {stage, e, Fd(), address, false};
  race.progress.wake();
}

Task<Dialed> dial(Loop& loop, std::vector<SockAddr> addresses, const DialOptions& options,
                  Deadline deadline) {
  Race race(loop, options);
  addresses = interleaved(addresses);
  for (std::size_t next = 0; !race.won() && !race.timed_out && !loop.canceled();) {
    if (next < addresses.size()) race.attempts.go(attempt(race, addresses[next++]));
    if (race.won() || (race.attempts.count() == 0 && next == addresses.size())) break;
    const Millis left = deadline.left();
    const bool stagger = next < addresses.size() && (left == kForever || left > kAttemptDelay);
    Error e = co_await race.progress.wait(stagger ? kAttemptDelay : left);
    race.timed_out = !e && !stagger;
  }
  race.over = true;
  for (Watch* watch : race.racing) watch->cancel();
  co_await race.attempts.wait();
  if (race.timed_out && !race.won()) {
    race.result.stage = Dialed::kConnect;
    race.result.error = UV_ETIMEDOUT;
  }
  co_return std::move(race.result);
}

Task<Dialed> dial(Loop& loop, std::string host, std::uint16_t port, const DialOptions& options) {
  const Deadline deadline(options.timeout);
  auto addresses = co_await lookup(loop, host, port, options.family, options.numeric, deadline);
  if (!addresses) {
    Dialed failed;
    failed.stage = Dialed::kLookup;
    failed.error = addresses.error();
    co_return failed;
  }
  Dialed dialed = co_await dial(loop, *addresses, options, deadline);
  co_return dialed;
}

}  // namespace net
