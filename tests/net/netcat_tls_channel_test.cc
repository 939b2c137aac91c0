// TLS over sockets: what its channel does at the ends of a connection.
#include "tools/netcat/tls/channel.h"

#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>

#include "common/net/descriptor.h"
#include "net_test.h"

namespace netcat::tls {
namespace {

using net::Error;
using net::Fd;
using net::Loop;
using net::Result;
using net::Task;

// A socket as a channel.  `acknowledged` stands for the other machine.
class PlainChannel final : public Channel {
 public:
  PlainChannel(Loop& loop, Fd socket) : socket_(loop, std::move(socket)) {}
  Result<std::size_t> try_read(std::span<char> buffer) override { return socket_.try_read(buffer); }
  Result<std::size_t> try_write(std::string_view data) override { return socket_.try_write(data); }
  Error finish() override { return socket_.shutdown(); }
  bool has_input() override { return socket_.has_input(); }
  Task<Error> readable() override {
    Error e = co_await socket_.readable();
    co_return e;
  }
  Task<Error> writable() override {
    Error e = co_await socket_.writable();
    co_return e;
  }
  Task<Error> hangup() override {
    Error e = co_await socket_.hangup();
    co_return e;
  }
  void cancel() override { socket_.cancel(); }
  Result<std::size_t> undelivered() override { return acknowledged; }

  Result<std::size_t> acknowledged = std::size_t{0};

 private:
  net::Descriptor socket_;
};

// A client and a server on the two ends of a TCP connection.
struct Connection {
  explicit Connection(Loop& loop, const Options& for_client = {}) {
    std::string why;
    server_context = Context::make({}, Role::kServer, why);
    EXPECT_EQ(why, "");
    Options options = for_client;
    Pin pin;
    EXPECT_EQ(parse_pin("sha256:" + server_context->self_signed(), pin), "");
    options.pins.push_back(pin);
    client_context = Context::make(options, Role::kClient, why);
    EXPECT_EQ(why, "");
    net::Ends ends = net::connected(net::Kind::kTcp);
    for (const Fd* end : {&ends.near, &ends.far}) net::narrow(end->get());
    server_socket = ends.far.get();
    auto under = std::make_unique<PlainChannel>(loop, std::move(ends.near));
    client_under = under.get();
    client = std::make_unique<TlsChannel>(std::move(under), *client_context, "localhost");
    server = std::make_unique<TlsChannel>(std::make_unique<PlainChannel>(loop, std::move(ends.far)),
                                          *server_context, "");
  }

  std::unique_ptr<Context> server_context;
  std::unique_ptr<Context> client_context;
  PlainChannel* client_under;
  int server_socket;
  std::unique_ptr<TlsChannel> client;
  std::unique_ptr<TlsChannel> server;
};

Task<> shake(TlsChannel& channel, Error& result) { result = co_await channel.handshake(); }

Task<> shake_hands(Connection& both) {
  Error of_client;
  Error of_server;
  net::WaitGroup group;
  group.go(shake(*both.client, of_client));
  group.go(shake(*both.server, of_server));
  co_await group.wait();
  EXPECT_FALSE(of_client) << both.client->engine().failure();
  EXPECT_FALSE(of_server) << both.server->engine().failure();
}

Task<> write_all(TlsChannel& to, std::string_view data, std::size_t at_once) {
  while (!data.empty()) {
    const Result<std::size_t> n = to.try_write(data.substr(0, at_once));
    if (n) {
      data.remove_prefix(*n);
      continue;
    }
    EXPECT_EQ(n.error(), Error(UV_EAGAIN));
    Error e = co_await to.writable();
    REQUIRE(!e);
  }
  Error e = to.finish();
  while (e == Error(UV_EAGAIN)) {
    e = co_await to.writable();
    if (!e) e = to.finish();
  }
  EXPECT_FALSE(e);
}

Task<Error> read_all(TlsChannel& from, std::string& all) {
  std::array<char, 5000> buffer;
  for (;;) {
    const Result<std::size_t> n = from.try_read(buffer);
    if (n && *n == 0) co_return Error();
    if (n) all.append(buffer.data(), *n);
    if (n) continue;
    Error e = n.error();
    if (e == Error(UV_EAGAIN)) e = co_await from.readable();
    if (e) co_return e;
  }
}

Task<> keep(TlsChannel& from, std::string& all, Error& result) {
  result = co_await read_all(from, all);
}

NET_TEST(NetcatTlsChannel, MovesBytesBothWaysAtOnce) {
  Connection both(loop);
  co_await shake_hands(both);
  const std::string up = net::pattern(1 << 20);
  const std::string down = net::pattern(700'001);
  std::string at_server;
  std::string at_client;
  Error of_server;
  Error of_client;
  net::WaitGroup group;
  group.go(write_all(*both.client, up, SIZE_MAX));
  group.go(write_all(*both.server, down, 1000));  // less at a time than has been encrypted
  group.go(keep(*both.server, at_server, of_server));
  group.go(keep(*both.client, at_client, of_client));
  co_await group.wait();
  EXPECT_TRUE(at_server == up);
  EXPECT_TRUE(at_client == down);
  EXPECT_FALSE(of_server);
  EXPECT_FALSE(of_client);
}

NET_TEST(NetcatTlsChannel, EndsItsInputWithoutAFin) {
  Connection both(loop);
  co_await shake_hands(both);
  EXPECT_FALSE(both.client->finish());
  std::string nothing;
  Error e = co_await read_all(*both.server, nothing);
  EXPECT_FALSE(e);
  char byte = 0;
  EXPECT_EQ(recv(both.server_socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
  co_await write_all(*both.server, "late answer", SIZE_MAX);
  std::string answer;
  e = co_await read_all(*both.client, answer);
  EXPECT_FALSE(e);
  EXPECT_EQ(answer, "late answer");
  both.client.reset();  // now
  EXPECT_EQ(recv(both.server_socket, &byte, 1, 0), 0);
}

NET_TEST(NetcatTlsChannel, TellsAnErrorBehindWhatCame) {
  Connection both(loop);
  co_await shake_hands(both);
  const Result<std::size_t> n = both.server->try_write("so far");
  EXPECT_TRUE(n);
  const struct linger now { .l_onoff = 1, .l_linger = 0 };
  setsockopt(both.server_socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  both.server->reset_on_close(true);
  both.server.reset();
  for (int i = 0; i < 2; ++i) {  // a socket tells it only once
    std::string got;
    const Error e = co_await read_all(*both.client, got);
    EXPECT_EQ(e, Error(UV_ECONNRESET));
    EXPECT_EQ(got, i == 0 ? "so far" : "");
  }
}

NET_TEST(NetcatTlsChannel, WhatCanNeverBeSentIsNotWaitedFor) {
  Connection both(loop);
  co_await shake_hands(both);
  const struct linger now { .l_onoff = 1, .l_linger = 0 };
  setsockopt(both.server_socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  both.server->reset_on_close(true);
  both.server.reset();
  EXPECT_EQ(both.client->finish(), Error(UV_ECONNRESET));
  const Result<std::size_t> waiting = both.client->undelivered();
  EXPECT_TRUE(waiting && *waiting == 0);
  EXPECT_EQ(both.client->finish(), Error(UV_ECONNRESET));  // still
}

NET_TEST(NetcatTlsChannel, NeedsNoAcknowledgementOfTheLastCloseNotify) {
  Connection both(loop);
  co_await shake_hands(both);
  EXPECT_FALSE(both.server->finish());
  std::string nothing;
  const Error e = co_await read_all(*both.client, nothing);
  EXPECT_FALSE(e);
  EXPECT_FALSE(both.client->finish());
  both.client_under->acknowledged = std::size_t{24};  // close_notify's
  Result<std::size_t> n = both.client->undelivered();
  EXPECT_TRUE(n && *n == 24);
  both.client_under->acknowledged = Error(UV_ECONNRESET);
  n = both.client->undelivered();
  EXPECT_TRUE(n && *n == 0);
}

NET_TEST(NetcatTlsChannel, MissesTheAcknowledgementOfData) {
  Connection both(loop);
  co_await shake_hands(both);
  EXPECT_FALSE(both.server->finish());
  std::string nothing;
  const Error e = co_await read_all(*both.client, nothing);
  EXPECT_FALSE(e);
  both.client_under->acknowledged = std::size_t{500};
  EXPECT_FALSE(both.client->finish());
  both.client_under->acknowledged = Error(UV_ECONNRESET);
  const Result<std::size_t> n = both.client->undelivered();
  EXPECT_EQ(n.error(), Error(UV_ECONNRESET));
}

NET_TEST(NetcatTlsChannel, LingersAfterARefusal) {
  Options wrong;
  Connection both(loop);
  std::string why;
  wrong.pins.push_back({Pin::kCertificate, std::string(32, 'x')});
  const auto context = Context::make(wrong, Role::kClient, why);
  net::Ends ends = net::connected(net::Kind::kTcp);
  TlsChannel client(std::make_unique<PlainChannel>(loop, std::move(ends.near)), *context, "");
  TlsChannel server(std::make_unique<PlainChannel>(loop, std::move(ends.far)), *both.server_context,
                    "");
  Error of_client;
  Error of_server;
  net::WaitGroup group;
  group.go(shake(client, of_client));
  group.go(shake(server, of_server));
  co_await group.wait();
  EXPECT_EQ(of_client, Error(UV_EPROTO));
  EXPECT_EQ(of_server, Error(UV_EPROTO));
  EXPECT_EQ(server.engine().failure(), "handshake refused by the peer: bad certificate");
  group.go(client.linger());
  group.go(server.linger());
  co_await group.wait();
}

NET_TEST(NetcatTlsChannel, CancelEndsTheHandshake) {
  Connection both(loop);
  Error result;
  net::WaitGroup group;
  group.go(shake(*both.client, result));
  both.client->cancel();
  co_await group.wait();
  EXPECT_EQ(result, Error(UV_ECANCELED));
}

}  // namespace
}  // namespace netcat::tls
