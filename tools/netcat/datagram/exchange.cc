#include "tools/netcat/datagram/exchange.h"

#include <algorithm>

#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Millis;
using net::Task;

Exchange::Exchange(Session& session, Datagrams& datagrams, const Access& access)
    : loop_(session.loop),
      options_(session.options),
      session_(session),
      access_(access),
      sockets_(datagrams.sockets),
      to_(datagrams.to),
      in_(net::Descriptor::standard_input(loop_)),
      out_(loop_),
      inbox_(options_.unix_domain),
      turn_(loop_),
      arrival_(loop_),
      timer_(loop_),
      limit_(loop_, options_.rate),
      pace_(loop_, options_.interval),
      slicer_(pace_.is_set(), options_.crlf),
      ending_(options_, loop_.now()) {
  if (options_.listen) return;
  target_ = &sockets_.front();
  last_peer_ = to_.size() != 0 ? to_ : target_->peer();
}

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

// Ends the exchange.  Only the first call has an effect.
void Exchange::end(int status, std::string why) {
  if (ended_) return;
  ended_ = true;
  outcome_ = {status, std::move(why)};
  for (DatagramSocket& socket : sockets_) socket.cancel();
  in_.cancel();
  out_.cancel();
  arrival_.wake();
  timer_.wake();
  session_.log.wake();
  limit_.cancel();
  pace_.cancel();
}

void Exchange::moved(Direction direction, std::string_view datagram) {
  const bool sent = direction == Direction::kSent;
  std::uint64_t& total = sent ? tally_.sent : tally_.received;
  if (session_.log.is_open()) {
    const std::string peer = options_.keep_open ? last_peer_.to_string() : "";
    session_.log.add(direction, total, datagram, peer);
    if (!session_.log.problem().empty()) end(net::kLocalIo, session_.log.problem());
  }
  total += datagram.size();
  session_.meter.moved(sent ? datagram.size() : 0, sent ? 0 : datagram.size());
  if (sent) limit_.moved(datagram.size());
  if (sent && !heard_ && !options_.listen && sockets_.size() > 1) unanswered_.add(datagram);
}

Task<> Exchange::wait_for_log() {
  while (session_.log.is_blocked() && !ended_) co_await session_.log.changed();
  if (!session_.log.problem().empty()) end(net::kLocalIo, session_.log.problem());
}

std::string Exchange::peer_name() const {
  const bool known = options_.listen && !options_.unix_domain && peer_.size() != 0;
  return known ? peer_.host() + " port " + std::to_string(peer_.port()) : options_.where();
}

// Sends everything again to the next address of the name, which may have a listener.
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
  ending_.restarted(loop_.now());
  arrival_.wake();
  timer_.wake();
  return true;
}

void Exchange::failed(Error e) {
  const int status = e == Error(UV_ECONNREFUSED) ? net::kRefused
                     : is_unreachable(e)         ? net::kUnreachable
                                                 : net::kLost;
  end(status, peer_name() + ": " + e.message());
}

Task<> Exchange::watch_time() {
  while (!ended_) {
    const DatagramEnding::Verdict verdict = ending_.verdict(loop_.now());
    if (verdict == DatagramEnding::kLook) {
      co_await look_everywhere();
    } else if (verdict != DatagramEnding::kStay) {
      expired(verdict);
    } else {
      const auto next = ending_.next_look();
      timer_idle_ = next == DatagramEnding::kNever;
      Millis left = net::kForever;
      if (!timer_idle_)
        left = std::max(Millis::zero(), std::chrono::ceil<Millis>(next - loop_.now()));
      Error e = co_await timer_.wait(left);
      timer_idle_ = false;
      if (e == Error(UV_ECANCELED)) co_return;
    }
  }
}

void Exchange::expired(DatagramEnding::Verdict verdict) {
  if (verdict == DatagramEnding::kTimedOut)
    end(net::kTimedOut,
        "listen on " + options_.where() + ": timed out waiting for a datagram (-w)");
  else if (verdict == DatagramEnding::kIdle)
    end(net::kIdle, peer_name() + ": idle timeout (" + options_.idle_option() + ")");
  else
    end(net::kOk, "");
}

}  // namespace netcat
