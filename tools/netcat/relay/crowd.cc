#include "tools/netcat/relay/crowd.h"

#include <algorithm>
#include <list>

#include "common/net/descriptor.h"
#include "tools/netcat/relay/crlf.h"
#include "tools/netcat/relay/delivery.h"
#include "tools/netcat/relay/pace.h"
#include "tools/netcat/relay/rate_limit.h"
#include "tools/netcat/relay/turn.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Descriptor;
using net::Error;
using net::Fd;
using net::Listener;
using net::Loop;
using net::Millis;
using net::Result;
using net::Task;

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
constexpr Millis kAcceptPause{100};  // when the system has no descriptor left

namespace {

struct Client {
  Client(Loop& loop, Fd socket, std::uint64_t rate)
      : peer(net::SockAddr::peer(socket.get())),
        conn(loop, std::move(socket)),
        limit(loop, rate),
        idle(loop),
        sent(loop) {}
  net::SockAddr peer;
  Descriptor conn;
  RateLimit limit;  // of what it sends us
  Tally tally;
  Outcome outcome;
  net::Timer idle;  // woken whenever data moves
  net::Timer sent;  // woken when a send has ended
  bool sending = false;
  bool gone = false;  // takes nothing any more
  bool leaving = false;
};

class Crowd {
 public:
  Crowd(Session& session, std::vector<Listener>& listeners, const Access& access)
      : loop_(session.loop),
        listeners_(listeners),
        options_(session.options),
        session_(session),
        access_(access),
        in_(Descriptor::standard_input(loop_)),
        out_(Descriptor::standard_output(loop_)),
        arrival_(loop_),
        first_(loop_),
        output_(loop_),
        pace_(loop_, options_.interval),
        limit_(loop_, options_.rate) {}

  Task<Outcome> run();

 private:
  Task<> accept_all(Listener& listener, net::Timer& room);
  bool is_full() const { return options_.max_conns > 0 && conns_.count() >= options_.max_conns; }
  void admit(Fd socket);
  Task<> serve(Fd socket);
  Task<> receive(Client& client);
  Task<Error> pass_on(Client& client);
  Task<> limit_idle(Client& client);
  Task<> send(Client& client, std::string_view data);
  Task<> feed();
  Task<> send_to_all(std::string_view data);
  Task<> send_piece(std::string_view piece);
  bool has_nobody() const { return std::ranges::all_of(clients_, &Client::gone); }
  void moved(Client& client, Direction direction, std::string_view data);
  Task<> watch_output();
  Task<> limit_first();
  void half_close(Client& client) {
    if (!options_.shutdown) return;
    client.tally.ended_by(Tally::kLocal);
    (void)client.conn.shutdown();  // a client that is gone needs none
  }
  void failed(Client& client, Error e);
  void end(int status, std::string why);
  void wake_rooms() {
    for (net::Timer& room : rooms_) room.wake();
  }

  Loop& loop_;
  std::vector<Listener>& listeners_;
  const Options& options_;
  Session& session_;
  const Access& access_;
  Descriptor in_;
  Descriptor out_;
  net::Timer arrival_;  // woken when a client comes
  net::Timer first_;    // when the first comes
  Turn output_;
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);  // of who has the turn
  std::list<net::Timer> rooms_;  // one a listener, woken when a client leaves
  std::list<Client> clients_;
  net::WaitGroup conns_{[this] { wake_rooms(); }};
  CrlfEncoder crlf_;
  Pace pace_;
  RateLimit limit_;
  Outcome outcome_;
  int sending_ = 0;  // clients
  bool ended_ = false;
  bool input_ended_ = false;
};

Task<Outcome> Crowd::run() {
  net::WaitGroup tasks;
  for (Listener& listener : listeners_) tasks.go(accept_all(listener, rooms_.emplace_back(loop_)));
  if (!options_.recv_only) tasks.go(feed());
  if (!options_.send_only) tasks.go(watch_output());
  if (options_.timeout != net::kForever) tasks.go(limit_first());
  co_await tasks.wait();
  co_await conns_.wait();
  co_return outcome_;
}

void Crowd::end(int status, std::string why) {
  if (ended_) return;
  ended_ = true;
  outcome_ = {status, std::move(why)};
  for (Listener& listener : listeners_) listener.close();
  for (Client& client : clients_) {
    client.conn.cancel();
    client.limit.cancel();
  }
  in_.cancel();
  out_.cancel();
  arrival_.wake();
  first_.wake();
  pace_.cancel();
  limit_.cancel();
  wake_rooms();
}

Task<> Crowd::limit_first() {
  Error e = co_await first_.wait(options_.timeout);
  if (!e) end(net::kTimedOut, "listen on " + options_.where() + ": no client in time (-w)");
}

// At the limit nobody is accepted: they wait in the kernel's queue.
Task<> Crowd::accept_all(Listener& listener, net::Timer& room) {
  bool said = false;
  while (!ended_) {
    if (is_full()) {
      (void)co_await room.wait(net::kForever);  // or the end, which the loop sees
      continue;
    }
    Error e = co_await listener.readable();
    if (e) co_return;
    if (is_full()) continue;  // by way of another listener
    Result<Fd> socket = listener.accept();
    if (socket) {
      said = false;
      admit(std::move(*socket));
    } else if (socket.error() != Error(UV_EAGAIN)) {
      if (!std::exchange(said, true))
        say_problem(options_, {}, std::string("accept: ") + socket.error().message());
      e = co_await net::sleep(loop_, kAcceptPause);
      if (e) co_return;
    }
  }
}

void Crowd::admit(Fd socket) {
  const net::SockAddr peer = net::SockAddr::peer(socket.get());
  if (!access_.admits(peer)) return say_denied(options_, peer);
  say_received(options_, peer, net::SockAddr::local(socket.get()));
  session_.meter.start();
  conns_.go(serve(std::move(socket)));
}

// One client, from its first byte to its last.
Task<> Crowd::serve(Fd socket) {
  clients_.emplace_front(loop_, std::move(socket), options_.rate);
  const auto client = clients_.begin();
  if (input_ended_) half_close(*client);
  arrival_.wake();
  first_.wake();
  net::WaitGroup limit;
  if (options_.idle != net::kForever) limit.go(limit_idle(*client));
  co_await receive(*client);
  while (client->sending) (void)co_await client->sent.wait(net::kForever);
  client->leaving = true;
  client->idle.wake();
  co_await limit.wait();
  client->tally.ended_by(Tally::kLocal);
  say_closed(options_, client->peer, client->tally, client->outcome);
  clients_.erase(client);
}

Task<> Crowd::receive(Client& client) {
  for (;;) {
    if (client.limit.is_set()) co_await client.limit.wait();
    Error e = co_await client.conn.readable();
    if (e) co_return;
    co_await output_.take();
    e = co_await pass_on(client);
    output_.give();
    if (e && e != Error(UV_EAGAIN)) co_return;
  }
}

// One read's worth; UV_EOF at the client's end.  Its turn lasts until that is written, so that one
// buffer serves all clients.
Task<Error> Crowd::pass_on(Client& client) {
  const std::size_t most = std::min(buffer_.size(), client.limit.chunk());
  const Result<std::size_t> n = client.conn.try_read({buffer_.data(), most});
  if (!n && n.error() == Error(UV_EAGAIN)) co_return n.error();
  if (!n) failed(client, n.error());
  if (n && *n == 0) client.tally.ended_by(Tally::kPeer);
  if (!n || *n == 0) co_return Error(UV_EOF);
  const std::string_view data(buffer_.data(), *n);
  moved(client, Direction::kReceived, data);
  if (options_.send_only) co_return Error();
  Error e = co_await net::write(out_, data);
  if (!e) co_return Error();
  const Outcome failed = output_failed(e);
  end(failed.status, failed.why);
  co_return e;
}

void Crowd::failed(Client& client, Error e) {
  client.tally.ended_by(Tally::kPeer);
  client.outcome = {net::kLost, "", e == Error(UV_ECONNRESET)};
  say_problem(options_, client.peer, e.message());
}

void Crowd::moved(Client& client, Direction direction, std::string_view data) {
  const bool sent = direction == Direction::kSent;
  std::uint64_t& total = sent ? client.tally.sent : client.tally.received;
  if (session_.log.is_open()) session_.log.add(direction, total, data, client.peer.to_string());
  total += data.size();
  session_.meter.moved(sent ? data.size() : 0, sent ? 0 : data.size());
  if (!sent) client.limit.moved(data.size());
  client.idle.wake();
  if (!session_.log.problem().empty()) end(net::kLocalIo, session_.log.problem());
}

Task<> Crowd::limit_idle(Client& client) {
  int queued = 0;
  for (net::Deadline deadline(options_.idle); !client.leaving;) {
    Error e = co_await client.idle.wait(std::min(deadline.left(), options_.idle / 4));
    if (e == Error(UV_ECANCELED)) break;
    const int before = std::exchange(queued, unacknowledged(client.conn.fd()));
    const bool held_up = sending_ > 0 && !client.sending;  // by another client
    const bool own_silence =
        pace_.waiting() || limit_.waiting() || client.limit.waiting() || held_up;
    if (e == Error(UV_EINTR) || own_silence || before != queued)
      deadline = net::Deadline(options_.idle);
    if (deadline.left() > Millis::zero()) continue;
    client.outcome = {net::kIdle, ""};
    break;
  }
  client.conn.cancel();
}

// --- standard input ---

Task<> Crowd::send(Client& client, std::string_view data) {
  client.sending = true;
  ++sending_;
  Error e = co_await net::write(client.conn, data);
  if (!e) moved(client, Direction::kSent, data);
  if (e && e != Error(UV_ECANCELED)) client.outcome = {net::kLost, "", true};
  client.gone = static_cast<bool>(e);
  if (e) client.conn.cancel();
  client.sending = false;
  --sending_;
  client.sent.wake();
}

// A line that had to wait goes to those who are there then; while there is nobody it waits on.
Task<> Crowd::send_to_all(std::string_view data) {
  while (!data.empty()) {
    const std::string_view piece = pace_.take(data);
    co_await pace_.wait();
    co_await send_piece(piece);
    pace_.sent(piece.ends_with('\n'));
  }
}

// What nobody has taken, because all had just left, is for who comes next.
Task<> Crowd::send_piece(std::string_view piece) {
  while (!piece.empty() && !ended_) {
    if (has_nobody()) {
      (void)co_await arrival_.wait(net::kForever);  // or the end, which the loop sees
      continue;
    }
    const std::string_view chunk = piece.substr(0, limit_.chunk());
    co_await limit_.wait();
    net::WaitGroup sends;
    for (Client& client : clients_)
      if (!client.gone) sends.go(send(client, chunk));
    co_await sends.wait();
    if (has_nobody()) continue;
    limit_.moved(chunk.size());
    piece.remove_prefix(chunk.size());
  }
}

// Input is taken only while there is somebody to have it.
Task<> Crowd::feed() {
  std::vector<char> buffer(kBufferBytes);
  while (!ended_) {
    if (has_nobody()) {
      (void)co_await arrival_.wait(net::kForever);  // or the end, which the loop sees
      continue;
    }
    const Result<std::size_t> n = in_.try_read(buffer);
    if (!n && n.error() == Error(UV_EAGAIN)) {
      Error e = co_await in_.readable();
      if (e) co_return;
      continue;
    }
    if (!n) co_return end(net::kLocalIo, std::string("stdin: ") + n.error().message());
    if (*n == 0) break;
    std::string_view data(buffer.data(), *n);
    if (options_.crlf) data = crlf_.encode(data);
    co_await send_to_all(data);
  }
  input_ended_ = true;
  for (Client& client : clients_) half_close(client);
}

Task<> Crowd::watch_output() {
  Error e = co_await out_.hangup();
  if (!e) end(kBrokenPipe, "");
}

}  // namespace

Task<Outcome> serve_crowd(Session& session, std::vector<Listener>& listeners,
                          const Access& access) {
  Crowd crowd(session, listeners, access);
  Outcome outcome = co_await crowd.run();
  co_return outcome;
}

}  // namespace netcat
