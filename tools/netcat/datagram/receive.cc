// Exchange: from the network to standard output.
#include <algorithm>

#include "tools/netcat/datagram/exchange.h"
#include "tools/netcat/datagram/fine_timer.h"
#include "tools/netcat/datagram/moderation.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Task;

constexpr std::size_t kReceiveBurst = 512;  // datagrams before other tasks have their turn
constexpr std::size_t kLeastCharge = 256;   // bytes of the receive buffer per datagram, at least

Task<> Exchange::receive(DatagramSocket& socket) {
  Moderation moderation(socket.buffer_bytes(), loop_.now());
  FineTimer timer(loop_);
  std::uint64_t sent = 0;
  while (!ended_) {
    Error e = co_await socket.readable();
    if (e && e != Error(UV_ECANCELED)) failed(e);
    if (e) co_return;
    const std::uint64_t bytes = tally_.received;
    std::size_t burst = 0;
    std::size_t n = inbox_.capacity();
    for (; n == inbox_.capacity() && burst < kReceiveBurst; burst += n)
      n = co_await take_batch(socket);
    if (error_ && !ended_) co_await give_up(socket);
    moderation.received(burst, static_cast<std::size_t>(tally_.received - bytes));
    const bool drained = n < inbox_.capacity();
    if (!drained || ended_ || options_.unix_domain) continue;
    const Moderation::Pause pause = moderation.pause(loop_.now());
    const bool answers = std::exchange(sent, sent_) != sent_;  // the peer may wait for them
    if (pause.count() > 0 && !answers) co_await timer.wait(pause);
  }
}

// Receives what has arrived and writes it.  Returns the number of datagrams; 0: none left.
Task<std::size_t> Exchange::take_batch(DatagramSocket& socket) {
  co_await turn_.take();
  const std::size_t n = ended_ || !socket.is_open() ? 0 : receive_batch(socket);
  if (n > 0) ending_.moved(loop_.now());
  if (!out_.empty() || session_.log.is_blocked()) {
    ending_.output_blocked(true, loop_.now());
    Error e = co_await out_.write();
    co_await wait_for_log();
    ending_.output_blocked(false, loop_.now());
    if (timer_idle_ && ending_.next_look() != DatagramEnding::kNever) timer_.wake();
    if (e && e != Error(UV_ECANCELED)) {
      const Outcome outcome = output_failed(e);
      end(outcome.status, outcome.why);
    }
  }
  if (received_ == options_.packets && received_ > 0) end(net::kOk, "");
  turn_.give();
  co_return n;
}

std::size_t Exchange::receive_batch(DatagramSocket& socket) {
  constexpr int kTries = 3;  // an ICMP error is reported before earlier datagrams
  std::uint64_t left = UINT64_MAX;
  if (options_.packets != 0) left = options_.packets - received_;
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left, inbox_.capacity()));
  for (int tries = 0; tries < kTries; ++tries) {
    const auto n = socket.receive(inbox_, most);
    if (n) {
      for (std::size_t i = 0; i < *n && !ended_; ++i) take(socket, inbox_.at(i));
      // All datagrams that arrived before the socket was connected have been received.
      if (*n < most && socket.is_connected()) socket.name_no_senders();
      return *n;
    }
    if (n.error() == Error(UV_EAGAIN)) return 0;
    if (!options_.listen && &socket != target_) return 0;  // we no longer use this address
    if (!error_) error_ = n.error();
  }
  return 0;
}

void Exchange::take(DatagramSocket& socket, const Inbox::Datagram& datagram) {
  if (socket.names_senders() && !admits(datagram.sender)) return;
  if (!std::exchange(heard_, true)) {
    ending_.heard();
    timer_.wake();
  }
  unanswered_.clear();
  if (socket.names_senders()) take_sender(socket, datagram);
  if (datagram.size > datagram.data.size())
    return end(net::kLost, peer_name() + ": a datagram of " + std::to_string(datagram.size) +
                               " bytes is too long");
  std::string_view rest = datagram.data;
  do {
    const std::string_view one =
        rest.substr(0, datagram.segment == 0 ? rest.size() : datagram.segment);
    rest.remove_prefix(one.size());
    moved(Direction::kReceived, one);
    if (options_.send_only) continue;
    out_.add(one);
    if (++received_ == options_.packets) return;
  } while (!rest.empty());
}

// False if the sender is not our peer or is denied; such datagrams are ignored.
bool Exchange::admits(const net::SockAddr& sender) const {
  if (peer_.size() != 0) return sender == peer_;
  if (!options_.listen || options_.unix_domain || access_.admits(sender)) return true;
  say_denied(options_, sender);
  return false;
}

void Exchange::take_sender(DatagramSocket& socket, const Inbox::Datagram& datagram) {
  const net::SockAddr& sender = datagram.sender;
  const bool reports = options_.verbose > 0 || options_.json;
  if (reports && (options_.listen || to_.size() != 0) && senders_.add(sender)) {
    const bool local_known = datagram.local.family != AF_UNSPEC;
    const net::SockAddr local = socket.address();
    say_received(options_, sender, local_known ? datagram.local.address(local.port()) : local);
  }
  const bool has_address = sender.size() > sizeof(sa_family_t);
  if (options_.listen && has_address && peer_.size() == 0) choose_peer(socket, datagram);
}

// Answers must leave from the address that the datagram was sent to, which connect(2) might not
// choose.  A Unix socket is not connected, because the kernel would then refuse all other clients.
void Exchange::choose_peer(DatagramSocket& socket, const Inbox::Datagram& datagram) {
  target_ = &socket;
  last_peer_ = to_ = datagram.sender;
  from_ = datagram.local;
  arrival_.wake();
  if (options_.keep_open) return;
  peer_ = datagram.sender;
  if (!options_.unix_domain && is_usual_source(from_, peer_)) {
    const Error e = socket.connect(peer_);
    if (e) return failed(e);
    socket.report_no_local_ends();
    to_ = {};
    from_ = {};
  } else {
    socket.report_errors(peer_.family());
  }
  for (DatagramSocket& other : sockets_)
    if (&other != &socket) other.close();
}

// Receives what has arrived so far, but at most what the receive buffer holds, so that this ends
// even if the sender never pauses.
Task<> Exchange::look(DatagramSocket& socket) {
  if (!socket.is_open()) co_return;
  const std::size_t most = socket.buffer_bytes() / kLeastCharge;
  for (std::size_t total = 0; total <= most && !ended_;) {
    const std::size_t n = co_await take_batch(socket);
    if (n == 0) co_return;
    total += n;
    co_await net::yield(loop_);
  }
}

Task<> Exchange::look_everywhere() {
  const auto began = loop_.now();
  for (DatagramSocket& socket : sockets_) co_await look(socket);
  if (error_ && !ended_ && target_ != nullptr) co_await give_up(*target_);
  ending_.looked(began);
}

// After an error: first writes what the peer had sent before it.
Task<> Exchange::give_up(DatagramSocket& socket) {
  co_await look(socket);
  if (error_ && !ended_ && !try_next_address(error_)) failed(error_);
}

// Notices that standard output's reader has exited even while nothing arrives.
Task<> Exchange::watch_output() {
  Error e = co_await out_.hangup();
  if (!e) end(kBrokenPipe, "");
}

}  // namespace netcat
