#include "tools/netcat/datagram/datagram.h"

#include <algorithm>
#include <memory>

#include "common/net/descriptor.h"
#include "tools/netcat/access.h"
#include "tools/netcat/datagram/datagram_socket.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/relay/crlf.h"
#include "tools/netcat/relay/rate_limit.h"
#include "tools/netcat/relay/turn.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Descriptor;
using net::Error;
using net::Loop;
using net::Millis;
using net::Result;
using net::SockAddr;
using net::Task;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kDatagramBytes = 65'507;                 // the most that UDP can carry
constexpr std::size_t kReceiveBytes = std::size_t{256} << 10;  // Unix-domain ones may be longer
constexpr int kBurst = 64;           // datagrams, until other tasks have their turn
constexpr Millis kReplyWait{1'000};  // for one more datagram, when standard input has ended
constexpr Millis kBusyPause{10};     // until a queue that cannot be watched is tried again

namespace {

class Exchange {
 public:
  Exchange(Session& session, Datagrams& datagrams, const Access& access)
      : loop_(session.loop),
        options_(session.options),
        session_(session),
        access_(access),
        sockets_(datagrams.sockets),
        to_(datagrams.to),
        in_(Descriptor::standard_input(loop_)),
        out_(Descriptor::standard_output(loop_)),
        arrival_(loop_),
        timer_(loop_),
        limit_(loop_, options_.rate),
        output_(loop_) {
    if (options_.listen) return;
    target_ = &sockets_.front();
    last_peer_ = to_.size() != 0 ? to_ : target_->peer();
  }

  Task<Outcome> run();

 private:
  struct Limit {
    Clock::time_point end = Clock::time_point::max();
    int status = net::kOk;
  };

  Task<> receive(DatagramSocket& socket);
  Task<> receive_burst(DatagramSocket& socket, std::span<char> buffer);
  bool take_sender(DatagramSocket& socket, const SockAddr& sender);
  void choose_peer(DatagramSocket& socket, const SockAddr& sender);
  Task<> print(std::string_view datagram);
  Task<> feed();
  Task<> send(std::string_view datagram);
  Task<> send_failed(Error e);
  Task<> watch_output();
  Task<> watch_time();
  Limit limit() const;
  void out_of_time(int status);
  bool leaves() const;
  bool try_next_address(Error e);
  void failed(Error e);
  void moved(Direction direction, std::string_view datagram);
  void end(int status, std::string why);
  std::string peer_name() const;

  Loop& loop_;
  const Options& options_;
  Session& session_;
  const Access& access_;
  std::vector<DatagramSocket>& sockets_;
  DatagramSocket* target_ = nullptr;  // to send by; none: there is nobody to send to yet
  SockAddr to_;                       // whom; empty: target_ is connected
  SockAddr peer_;                     // the first sender, with listen but not keep_open
  SockAddr last_peer_;                // to whom or from whom the latest was
  Descriptor in_;
  Descriptor out_;
  net::Timer arrival_;  // woken when there is somebody to send to
  net::Timer timer_;    // woken when there is a new time limit
  RateLimit limit_;     // of what we send: the sender of what we receive cannot be slowed down
  Turn output_;
  CrlfEncoder crlf_;
  Outcome outcome_;
  Unanswered unanswered_;
  Error error_;  // of the socket: we leave when all that has arrived is printed
  bool ended_ = false;
  bool heard_ = false;
  bool input_seen_ = false;
  bool input_ended_ = false;
  int printing_ = 0;
  std::uint64_t received_ = 0;  // datagrams
  std::uint64_t sent_ = 0;
  Tally tally_;
  Clock::time_point active_ = Clock::now();  // when a datagram last moved
  Clock::time_point input_end_;
};

Task<Outcome> Exchange::run() {
  net::WaitGroup tasks;
  for (DatagramSocket& socket : sockets_) tasks.go(receive(socket));
  if (!options_.recv_only) tasks.go(feed());
  if (!options_.send_only) tasks.go(watch_output());
  tasks.go(watch_time());
  session_.meter.start();
  co_await tasks.wait();
  tally_.ended_by(Tally::kLocal);
  if (!options_.listen || heard_) say_closed(options_, last_peer_, tally_, outcome_);
  co_return outcome_;
}

// The first reason counts.
void Exchange::end(int status, std::string why) {
  if (ended_) return;
  ended_ = true;
  outcome_ = {status, std::move(why)};
  for (DatagramSocket& socket : sockets_) socket.cancel();
  in_.cancel();
  out_.cancel();
  arrival_.wake();
  timer_.wake();
  limit_.cancel();
}

void Exchange::moved(Direction direction, std::string_view datagram) {
  const bool sent = direction == Direction::kSent;
  std::uint64_t& total = sent ? tally_.sent : tally_.received;
  const std::string peer = options_.keep_open ? last_peer_.to_string() : "";
  if (session_.log.is_open()) session_.log.add(direction, total, datagram, peer);
  total += datagram.size();
  session_.meter.moved(sent ? datagram.size() : 0, sent ? 0 : datagram.size());
  if (sent) limit_.moved(datagram.size());
  if (sent && !heard_ && !options_.listen && sockets_.size() > 1) unanswered_.add(datagram);
  active_ = Clock::now();
  if (!session_.log.problem().empty()) end(net::kLocalIo, session_.log.problem());
}

std::string Exchange::peer_name() const {
  const bool known = options_.listen && !options_.unix_domain && peer_.size() != 0;
  return known ? peer_.host() + " port " + std::to_string(peer_.port()) : options_.where();
}

// The name may have another address, where somebody is: what the first one got goes there.
bool Exchange::try_next_address(Error e) {
  const bool absent = e == Error(UV_ECONNREFUSED) || is_unreachable(e);
  const bool may = absent && !heard_ && !options_.listen;
  if (!may || target_ == &sockets_.back() || !unanswered_.send(target_[1])) return false;
  say_attempt(options_, last_peer_, e, tally_.elapsed());
  say_attempt_failed(options_, last_peer_, e);
  ++target_;
  last_peer_ = target_->peer();
  say_connected(options_, last_peer_, target_->address());
  error_ = Error();
  active_ = Clock::now();
  return true;
}

void Exchange::failed(Error e) {
  const int status = e == Error(UV_ECONNREFUSED) ? net::kRefused
                     : is_unreachable(e)         ? net::kUnreachable
                                                 : net::kLost;
  end(status, peer_name() + ": " + e.message());
}

// --- from the network ---

Task<> Exchange::receive(DatagramSocket& socket) {
  const auto memory = std::make_unique_for_overwrite<char[]>(kReceiveBytes);
  const std::span<char> buffer(memory.get(), kReceiveBytes);
  while (!ended_) {
    Error e = co_await socket.readable();
    if (e) co_return;
    co_await receive_burst(socket, buffer);
  }
}

Task<> Exchange::receive_burst(DatagramSocket& socket, std::span<char> buffer) {
  int errors = 0;
  for (int i = 0; (i < kBurst || error_) && !ended_; ++i) {
    const auto datagram = socket.receive(buffer);
    if (!datagram && !options_.listen && &socket != target_)
      co_return;  // not that address any more
    if (!datagram && datagram.error() != Error(UV_EAGAIN) && ++errors < kBurst) {
      if (!error_) error_ = datagram.error();  // it overtakes what is still in the queue
      continue;
    }
    if (!datagram) {
      if (error_ && !try_next_address(error_)) failed(error_);
      co_return;
    }
    if (!take_sender(socket, datagram->sender)) continue;
    if (datagram->bytes > buffer.size())
      co_return end(net::kLost, peer_name() + ": a datagram of " + std::to_string(datagram->bytes) +
                                    " bytes is too long");
    const std::string_view data(buffer.data(), datagram->bytes);
    moved(Direction::kReceived, data);
    if (options_.send_only) continue;
    co_await print(data);
    if (++received_ == options_.packets) end(net::kOk, "");
  }
}

// False for a datagram that somebody else than our peer had sent before we had one.
bool Exchange::take_sender(DatagramSocket& socket, const SockAddr& sender) {
  if (peer_.size() != 0 && !(sender == peer_)) return false;
  const bool denied = options_.listen && !options_.unix_domain && !access_.admits(sender);
  if (denied) say_denied(options_, sender);
  if (denied) return false;
  if (!std::exchange(heard_, true)) timer_.wake();
  unanswered_.clear();
  const bool has_address = sender.size() > sizeof(sa_family_t);
  if (options_.listen && has_address && peer_.size() == 0) choose_peer(socket, sender);
  return true;
}

void Exchange::choose_peer(DatagramSocket& socket, const SockAddr& sender) {
  target_ = &socket;
  last_peer_ = sender;
  arrival_.wake();
  if (options_.keep_open) {
    to_ = sender;
    return;
  }
  peer_ = sender;
  const Error e = socket.connect(sender);
  if (e) return failed(e);
  for (DatagramSocket& other : sockets_)
    if (&other != &socket) other.close();
  say_received(options_, sender, socket.address());
}

Task<> Exchange::print(std::string_view datagram) {
  ++printing_;
  co_await output_.take();
  Error e = co_await net::write(out_, datagram);
  output_.give();
  active_ = Clock::now();
  if (--printing_ == 0) timer_.wake();
  if (!e || e == Error(UV_ECANCELED)) co_return;
  const Outcome outcome = output_failed(e);
  end(outcome.status, outcome.why);
}

// A reader that leaves is noticed even while nothing moves.
Task<> Exchange::watch_output() {
  Error e = co_await out_.hangup();
  if (!e) end(kBrokenPipe, "");
}

// --- to the network ---

Task<> Exchange::feed() {
  const auto memory = std::make_unique_for_overwrite<char[]>(kDatagramBytes);
  const std::span<char> buffer(memory.get(), kDatagramBytes);
  while (!ended_) {
    if (target_ == nullptr) {
      (void)co_await arrival_.wait(net::kForever);  // or the end, which the loop sees
      continue;
    }
    const Result<std::size_t> n = co_await net::read(in_, buffer);
    if (ended_ || error_) co_return;
    if (!n) co_return end(net::kLocalIo, std::string("stdin: ") + n.error().message());
    if (*n == 0) break;
    input_seen_ = true;
    std::string_view data(buffer.data(), *n);
    if (options_.crlf) data = crlf_.encode(data);
    while (!data.empty() && target_ != nullptr && !error_ && !ended_) {
      const std::string_view datagram = data.substr(0, kDatagramBytes);
      if (limit_.is_set()) co_await limit_.wait();
      if (target_ == nullptr || error_ || ended_) continue;
      co_await send(datagram);
      data.remove_prefix(datagram.size());
    }
  }
  input_ended_ = true;
  input_end_ = Clock::now();
  timer_.wake();
}

// Waits for room in the socket's buffer, so that nothing is lost on this machine.
Task<> Exchange::send(std::string_view datagram) {
  if (++sent_ % kBurst == 0) {
    Error canceled = co_await target_->writable();
    if (canceled) co_return;
  }
  while (!ended_) {
    Error e = target_->send(datagram, to_);
    const bool full = e == Error(UV_EAGAIN);
    if (full && to_.size() == 0) {
      Error canceled = co_await target_->writable();
      if (canceled) co_return;
    } else if (full || e == Error(UV_ENOBUFS)) {
      Error canceled = co_await net::sleep(loop_, kBusyPause);
      if (canceled) co_return;
    } else {
      active_ = Clock::now();
      if (!e) moved(Direction::kSent, datagram);
      if (e && try_next_address(e)) continue;
      if (e) co_await send_failed(e);
      co_return;
    }
  }
}

// What the peer said before is still to be printed.
Task<> Exchange::send_failed(Error e) {
  if (options_.keep_open) {
    say_problem(options_, to_, e.message());
    target_ = nullptr;  // until somebody is heard again
    co_return;
  }
  error_ = e;
  Error canceled = co_await target_->writable();  // who waits to receive is resumed before us
  if (!canceled && printing_ == 0) failed(e);
}

// --- time limits ---

Task<> Exchange::watch_time() {
  while (!ended_) {
    const Limit next = limit();
    Millis left = net::kForever;
    if (next.end != Clock::time_point::max())
      left = std::max(Millis::zero(), std::chrono::ceil<Millis>(next.end - Clock::now()));
    Error e = co_await timer_.wait(left);
    if (e == Error(UV_ECANCELED) || ended_) co_return;
    const Limit now = limit();
    if (Clock::now() >= now.end) out_of_time(now.status);
  }
}

// Whether the end of standard input is a reason to leave.  A server that never had any input, as
// every command in the background, is there to receive.
bool Exchange::leaves() const {
  if (!input_ended_ || options_.keep_open) return false;
  if (options_.send_only || options_.quit_after) return true;
  return !options_.quit_never && (!options_.listen || input_seen_);
}

Exchange::Limit Exchange::limit() const {
  const bool limited = options_.idle != net::kForever;
  if (leaves()) {
    if (printing_ > 0) return {};
    if (options_.send_only) return {input_end_, net::kOk};
    if (options_.quit_after) return {input_end_ + *options_.quit_after, net::kOk};
    return {active_ + (limited ? options_.idle : kReplyWait), net::kOk};
  }
  const bool first = options_.listen && !heard_;
  const Millis most = first ? options_.timeout : options_.idle;
  if (most == net::kForever || limit_.waiting()) return {};
  return {active_ + most, first ? net::kTimedOut : net::kIdle};
}

void Exchange::out_of_time(int status) {
  if (status == net::kTimedOut)
    return end(status, "listen on " + options_.where() + ": no datagram in time (-w)");
  if (status == net::kIdle)
    return end(status, peer_name() + ": idle for too long (" + options_.idle_option() + ")");
  Error e = target_ != nullptr ? target_->pending_error() : Error();
  while (e && try_next_address(e)) e = target_->pending_error();
  if (e) return failed(e);
  end(net::kOk, "");
}

}  // namespace

Task<Outcome> exchange_datagrams(Session& session) {
  Access access;
  const net::Deadline deadline(session.options.timeout);
  Outcome outcome = co_await access.load(session.loop, session.options, deadline);
  if (outcome.status != net::kOk) co_return outcome;
  Datagrams datagrams;
  FatalSignals signals(session.loop, [&datagrams] {
    for (DatagramSocket& socket : datagrams.sockets) socket.close();
  });
  outcome = co_await open_datagrams(session.loop, session.options, datagrams);
  if (outcome.status == net::kOk) {
    if (session.options.listen && !session.options.unix_domain)
      session.options.port = datagrams.sockets.front().address().port();
    Exchange exchange(session, datagrams, access);
    outcome = co_await exchange.run();
  }
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
