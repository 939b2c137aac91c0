#include "tools/netcat/crowd.h"

#include <list>

#include "common/log.h"
#include "tools/netcat/crlf.h"
#include "tools/netcat/pace.h"
#include "tools/netcat/turn.h"
#include "tools/netcat/verbose.h"

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
  Client(Loop& loop, Fd socket)
      : name(net::SockAddr::peer(socket.get()).to_string()),
        conn(loop, std::move(socket)),
        idle(loop),
        sent(loop) {}
  std::string name;
  Descriptor conn;
  net::Timer idle;  // woken whenever data moves
  net::Timer sent;  // woken when a send has ended
  bool sending = false;
  bool leaving = false;
};

class Crowd {
 public:
  Crowd(Loop& loop, std::vector<Listener>& listeners, const Options& options)
      : loop_(loop),
        listeners_(listeners),
        options_(options),
        in_(Descriptor::standard_input(loop)),
        out_(Descriptor::standard_output(loop)),
        arrival_(loop),
        first_(loop),
        output_(loop),
        pace_(loop, options.interval) {}

  Task<Outcome> run();

 private:
  Task<> accept_all(Listener& listener);
  Task<> serve(Fd socket);
  Task<> receive(Client& client);
  Task<> limit_idle(Client& client);
  Task<> send(Client& client, std::string_view data);
  Task<> feed();
  Task<> send_to_all(std::string_view data);
  Task<> watch_output();
  Task<> limit_first();
  void half_close(Client& client) {
    if (options_.shutdown) (void)client.conn.shutdown();  // a client that is gone needs none
  }
  void end(int status, std::string why);

  Loop& loop_;
  std::vector<Listener>& listeners_;
  const Options& options_;
  Descriptor in_;
  Descriptor out_;
  net::Timer arrival_;  // woken when a client comes
  net::Timer first_;    // when the first comes
  Turn output_;
  std::list<Client> clients_;
  net::WaitGroup conns_;
  CrlfEncoder crlf_;
  Pace pace_;
  Outcome outcome_;
  bool ended_ = false;
  bool input_ended_ = false;
};

Task<Outcome> Crowd::run() {
  net::WaitGroup tasks;
  for (Listener& listener : listeners_) tasks.go(accept_all(listener));
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
  for (Client& client : clients_) client.conn.cancel();
  in_.cancel();
  out_.cancel();
  arrival_.wake();
  first_.wake();
  pace_.cancel();
}

Task<> Crowd::limit_first() {
  Error e = co_await first_.wait(options_.timeout);
  if (!e) end(net::kTimedOut, "listen on " + options_.where() + ": no client in time (-w)");
}

Task<> Crowd::accept_all(Listener& listener) {
  for (;;) {
    Error e = co_await listener.readable();
    if (e) co_return;
    Result<Fd> socket = listener.accept();
    if (socket) {
      conns_.go(serve(std::move(*socket)));
    } else if (socket.error() != Error(UV_EAGAIN)) {
      net::log::error("accept: %s", socket.error().message());
      e = co_await net::sleep(loop_, kAcceptPause);
      if (e) co_return;
    }
  }
}

// One client, from its first byte to its last.
Task<> Crowd::serve(Fd socket) {
  if (options_.verbose > 0) say_received(options_, net::SockAddr::peer(socket.get()));
  clients_.emplace_front(loop_, std::move(socket));
  const auto client = clients_.begin();
  if (input_ended_) half_close(*client);
  arrival_.wake();
  first_.wake();
  net::WaitGroup limit;
  if (options_.timeout != net::kForever) limit.go(limit_idle(*client));
  co_await receive(*client);
  while (client->sending) (void)co_await client->sent.wait(net::kForever);
  client->leaving = true;
  client->idle.wake();
  co_await limit.wait();
  clients_.erase(client);
}

Task<> Crowd::receive(Client& client) {
  std::vector<char> buffer(kBufferBytes);
  for (;;) {
    const Result<std::size_t> n = co_await net::read(client.conn, buffer);
    if (!n && n.error() != Error(UV_ECANCELED))
      net::log::error("%s: %s", client.name.c_str(), n.error().message());
    if (!n || *n == 0) co_return;
    client.idle.wake();
    if (options_.send_only) continue;
    const std::string_view data(buffer.data(), *n);
    co_await output_.take();
    Error e = co_await net::write(out_, data);
    output_.give();
    if (!e) continue;
    const Outcome failed = output_failed(e);
    co_return end(failed.status, failed.why);
  }
}

Task<> Crowd::limit_idle(Client& client) {
  while (!client.leaving) {
    Error e = co_await client.idle.wait(options_.timeout);
    if (e == Error(UV_EINTR) || (!e && pace_.waiting())) continue;
    client.conn.cancel();
    co_return;
  }
}

// --- standard input ---

Task<> Crowd::send(Client& client, std::string_view data) {
  client.sending = true;
  Error e = co_await net::write(client.conn, data);
  if (e) client.conn.cancel();
  client.sending = false;
  client.idle.wake();
  client.sent.wake();
}

// A line that had to wait goes to those who are there then; while there is nobody it waits on.
Task<> Crowd::send_to_all(std::string_view data) {
  while (!data.empty()) {
    const std::string_view piece = pace_.take(data);
    co_await pace_.wait();
    while (clients_.empty() && !ended_) (void)co_await arrival_.wait(net::kForever);
    if (ended_) co_return;
    net::WaitGroup sends;
    for (Client& client : clients_) sends.go(send(client, piece));
    co_await sends.wait();
    pace_.sent(piece.ends_with('\n'));
  }
}

// Input is taken only while there is somebody to have it.
Task<> Crowd::feed() {
  std::vector<char> buffer(kBufferBytes);
  while (!ended_) {
    if (clients_.empty()) {
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

Task<Outcome> serve_crowd(Loop& loop, std::vector<Listener>& listeners, const Options& options) {
  Crowd crowd(loop, listeners, options);
  Outcome outcome = co_await crowd.run();
  co_return outcome;
}

}  // namespace netcat
