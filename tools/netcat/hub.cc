#include "tools/netcat/hub.h"

#include <algorithm>

namespace netcat {

using net::Error;
using net::Millis;
using net::Task;

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr Millis kPatience{30'000};

Hub::Client::Client(Hub& hub, std::unique_ptr<Channel> channel, const net::SockAddr& address)
    : peer(address),
      remote(std::move(channel)),
      telnet(hub.session_.options.telnet ? std::make_unique<Telnet>(*remote) : nullptr),
      seat(hub.seats_),
      relay(hub.session_, seat, telnet ? *telnet : *remote,
            {hub.terms_, hub.session_.options.send_only, false, &peer}),
      moved_at(hub.loop_.now()) {
  if (hub.how_.in_hand != nullptr) seat.begin_with(hub.how_.in_hand->begin_connection());
}

// After its half-close a client still receives, until standard input ends.
static Terms for_seat(Terms terms, const HubOptions& how) {
  if (how.in_hand == nullptr) terms.until_input_ends = true;
  if (how.broker != nullptr) terms.input = Terms::Input::kStream;
  return terms;
}

Hub::Hub(Session& session, Channel& local, const Terms& terms, OnClosed on_closed, HubOptions how)
    : session_(session),
      loop_(session.loop),
      local_(local),
      how_(how),
      terms_(for_seat(terms, how)),
      on_closed_(std::move(on_closed)),
      seats_(loop_, local),
      pace_(loop_, session.options.interval),
      limit_(loop_, session.options.rate),
      patience_(terms.idle == net::kForever ? kPatience : terms.idle),
      ended_(loop_) {
  seats_.on_finish = [this] {
    if (on_change) on_change();
  };
}

Task<Verdict> Hub::run() {
  net::WaitGroup tasks;
  if (terms_.input != Terms::Input::kNone) tasks.go(feed());
  tasks.go(watch_room());
  (void)co_await ended_.wait(net::kForever);  // end() wakes it
  co_await tasks.wait();
  co_await conns_.wait();
  co_return *verdict_;
}

Task<> Hub::watch_room() {
  Error e = co_await seats_.watch_room();
  if (e != Error(UV_ECANCELED)) end({.reason = Verdict::kOutputFailed, .error = e});
}

void Hub::end(const Verdict& verdict) {
  if (verdict_) return;
  verdict_ = verdict;
  for (Client& client : clients_) client.relay.end(verdict.reason, verdict.error);
  seats_.cancel();
  local_.cancel();
  pace_.cancel();
  limit_.cancel();
  ended_.wake();
  if (on_change) on_change();
}

void Hub::admit(std::unique_ptr<Channel> remote, const net::SockAddr& peer, bool was_reset) {
  const auto client = clients_.emplace(clients_.end(), *this, std::move(remote), peer);
  if (was_reset) client->relay.peer_reset();
  conns_.go(serve(client));
}

// One client, from its first byte to its last.
Task<> Hub::serve(std::list<Client>::iterator client) {
  const Verdict verdict = co_await client->relay.run();
  note_acknowledged(*client);
  const bool ours = verdict.reason == Verdict::kOutputFailed ||
                    verdict.reason == Verdict::kOutputGone || verdict.reason == Verdict::kLogFailed;
  on_closed_(client->peer, *client->remote, client->relay.tally(), verdict);
  clients_.erase(client);
  if (ours) end(verdict);
}

// A half-closed client may have closed both directions; only a write would show that.
void Hub::make_room() {
  if (std::ranges::any_of(clients_, &Client::displaced)) return;  // one is already leaving
  const auto ended = [](const Client& client) { return client.relay.tally().peer_ended; };
  const auto client = std::ranges::find_if(clients_, ended);
  if (client == clients_.end()) return;
  client->displaced = true;
  client->relay.end(Verdict::kComplete);
}

// --- standard input ---

// Reads input only while there is a client to send it to.
Task<> Hub::feed() {
  std::vector<char> buffer(kPieceBytes);
  while (!verdict_) {
    if (seats_.is_empty()) {
      (void)co_await seats_.changed().wait(net::kForever);  // or end(), which the condition sees
      continue;
    }
    const net::Result<std::size_t> n = local_.try_read(buffer);
    if (!n && n.error() == Error(UV_EAGAIN)) {
      Error e = co_await local_.readable();
      if (e == Error(UV_ECANCELED)) co_return;
      if (e) co_return end({.reason = Verdict::kInputFailed, .error = e});
      continue;
    }
    if (!n) co_return end({.reason = Verdict::kInputFailed, .error = n.error()});
    if (*n == 0) break;
    std::string_view data(buffer.data(), *n);
    if (session_.options.crlf) data = crlf_.encode(data);
    const bool is_from_client = how_.broker != nullptr && how_.broker->is_from_client();
    co_await hand_out_lines(data, is_from_client ? seats_.last_writer() : 0);
  }
  if (!verdict_) seats_.end_input();
}

// Applies -i and --rate.
Task<> Hub::hand_out_lines(std::string_view data, std::uint64_t sender) {
  while (!data.empty() && !verdict_) {
    std::string_view line = pace_.take(data);
    seats_.set_held(true);
    co_await pace_.wait();
    seats_.set_held(false);
    const bool line_ended = line.ends_with('\n');
    while (!line.empty() && !verdict_) {
      const std::string_view piece = line.substr(0, limit_.chunk());
      seats_.set_held(true);
      if (limit_.is_set()) co_await limit_.wait();
      seats_.set_held(false);
      co_await hand_out(piece, sender);
      limit_.moved(piece.size());
      line.remove_prefix(piece.size());
    }
    pace_.sent(line_ended);
  }
}

// Sends to every client; if all have just left, the piece is kept for the next one.
Task<> Hub::hand_out(std::string_view piece, std::uint64_t sender) {
  for (bool taken = false; !taken && !verdict_;) {
    if (seats_.is_empty()) {
      if (sender != 0) co_return;
      (void)co_await seats_.changed().wait(net::kForever);  // or end(), which the condition sees
      continue;
    }
    if (!seats_.is_taken()) {  // a new client has not taken the last piece yet
      (void)co_await seats_.changed().wait(net::kForever);
      continue;
    }
    if (how_.in_hand != nullptr) how_.in_hand->add(piece);
    seats_.offer(piece, sender);
    for (Client& client : clients_) client.moved_at = loop_.now();
    while (!seats_.is_taken() && !verdict_) {
      Error e = co_await seats_.changed().wait(patience_ / 4);
      if (!e) drop_stuck();
    }
    taken = seats_.was_taken() || sender != 0 || how_.in_hand != nullptr;
    for (const Client& client : clients_) note_acknowledged(client);
  }
}

void Hub::note_acknowledged(const Client& client) {
  if (how_.in_hand == nullptr) return;
  const std::uint64_t sent = client.relay.tally().sent;
  how_.in_hand->acknowledged(sent - std::min<std::uint64_t>(sent, client.remote->unacknowledged()));
}

// A client that does not read delays the others, so it is disconnected after `patience_`.  What it
// acknowledges counts too: a slow reader makes room for the next write only now and then.
void Hub::drop_stuck() {
  if (how_.in_hand != nullptr) return;
  if (session_.log.is_blocked())
    for (Client& client : clients_) client.moved_at = loop_.now();
  const net::TimePoint now = loop_.now();
  for (Client& client : clients_) {
    if (!client.seat.is_behind()) continue;
    const net::Result<std::size_t> undelivered = client.remote->undelivered();
    const std::uint64_t progress = 2 * client.relay.tally().sent - (undelivered ? *undelivered : 0);
    if (std::exchange(client.progress, progress) != progress) client.moved_at = now;
    if (now - client.moved_at >= patience_) client.relay.end(Verdict::kStuck);
  }
}

}  // namespace netcat
