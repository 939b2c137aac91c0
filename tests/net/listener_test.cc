// Listener: sockets bound, inherited, accepted from.
#include <fcntl.h>
#include <netinet/tcp.h>

#include <climits>
#include <vector>

#include "listener_test.h"

namespace net {
namespace {

// ---- accepting ----

Task<> accept_one(Listener& listener, Fd& accepted, Error& error) {
  Result<Fd> fd = co_await accept(listener);
  error = fd.error();
  if (fd) accepted = std::move(*fd);
}

Task<> expect_accepts(Loop& loop, const SockAddr& address) {
  Result<Listener> listener = listen_on(loop, address);
  REQUIRE(listener);
  EXPECT_EQ(listener->accept().error(), Error(UV_EAGAIN));
  Fd accepted;
  Error error;
  WaitGroup group;
  group.go(accept_one(*listener, accepted, error));
  co_await next_round(loop);
  EXPECT_FALSE(accepted);
  const Fd client(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_TRUE(connects(client, listener->address()));
  co_await group.wait();
  EXPECT_FALSE(error);
  REQUIRE(accepted);
  EXPECT_NE(status_flags(accepted.get()) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(accepted.get(), F_GETFD) & FD_CLOEXEC, 0);
  send(client, "hello");
  EXPECT_EQ(receive(accepted, 5), "hello");
  EXPECT_EQ(listener->accept().error(), Error(UV_EAGAIN));
}

NET_TEST(Listener, AcceptsOverTcp) {
  const SockAddr address = *SockAddr::numeric("127.0.0.1", 0);
  co_await expect_accepts(loop, address);
}
NET_TEST(Listener, AcceptsOverIpv6) {
  if (!has_ipv6()) SKIP_TEST("no IPv6 here");
  const SockAddr address = *SockAddr::numeric("::1", 0);
  co_await expect_accepts(loop, address);
}
NET_TEST(Listener, AcceptsOverAPath) {
  const TempDir dir;
  const SockAddr address = *SockAddr::unix_path(dir.file("socket"));
  co_await expect_accepts(loop, address);
}
NET_TEST(Listener, AcceptsOverAnAbstractName) {
  const std::string name = "@wireutils-test-" + std::to_string(getpid());
  const SockAddr address = *SockAddr::unix_path(name);
  co_await expect_accepts(loop, address);
}

NET_TEST(Listener, TakesAllThatWait) {
  constexpr int kClients = 20;
  Result<Listener> listener = listen_on(loop, *SockAddr::numeric("127.0.0.1", 0));
  REQUIRE(listener);
  std::vector<Fd> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(tcp_connection(listener->address()));
  for (int i = 0; i < kClients; ++i) {
    Result<Fd> fd = co_await accept(*listener);
    EXPECT_TRUE(fd);
  }
  EXPECT_EQ(listener->accept().error(), Error(UV_EAGAIN));
}

int option_of(const Fd& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(fd.get(), level, name, &value, &size);
  return value;
}

NET_TEST(Listener, AcceptTellsTheAddressOfWhoHasLeftAlready) {
  Result<Listener> listener = listen_on(loop, *SockAddr::numeric("127.0.0.1", 0));
  REQUIRE(listener);
  Fd client = tcp_connection(listener->address());
  const SockAddr address = SockAddr::local(client.get());
  reset(client);
  SockAddr peer;
  Error e = co_await listener->readable();
  EXPECT_FALSE(e);
  EXPECT_TRUE(listener->has_waiting());
  Result<Fd> accepted = listener->accept(&peer);
  EXPECT_TRUE(accepted);
  EXPECT_EQ(peer, address);
  EXPECT_FALSE(listener->has_waiting());
}

NET_TEST(Listener, StopEndsTheWaitButNotTheQueue) {
  Result<Listener> listener = listen_on(loop, *SockAddr::numeric("127.0.0.1", 0));
  REQUIRE(listener);
  const Fd client = tcp_connection(listener->address());
  listener->stop();
  Error e = co_await listener->readable();
  EXPECT_EQ(e, Error(UV_ECANCELED));
  EXPECT_TRUE(listener->accept());
}

NET_TEST(Listener, DeadPeersMayTakeLongerThanTheKernelCounts) {
  const ListenOptions options{.dead_peer = Millis(3'600'000'000)};
  Result<Fd> socket = bind_socket(*SockAddr::numeric("127.0.0.1", 0), options);
  REQUIRE(socket);
  const int fd = socket->get();
  Result<Listener> listener = Listener::listen(loop, std::move(*socket), options);
  REQUIRE(listener);
  int value = 0;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size), 0);
  EXPECT_EQ(value, INT_MAX);
  co_return;
}

NET_TEST(Listener, AcceptedConnectionsNoticeDeadPeers) {
  ListenOptions options;
  options.dead_peer = Millis(12'345);
  Result<Listener> listener = listen_on(loop, *SockAddr::numeric("127.0.0.1", 0), options);
  REQUIRE(listener);
  const Fd client = tcp_connection(listener->address());
  Result<Fd> fd = co_await accept(*listener);
  REQUIRE(fd);
  EXPECT_EQ(option_of(*fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 12'345);
  EXPECT_EQ(option_of(*fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(*fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

// ---- closing ----

NET_TEST(Listener, CloseEndsTheWaitAndTheListening) {
  Result<Listener> listener = listen_on(loop, *SockAddr::numeric("127.0.0.1", 0));
  REQUIRE(listener);
  Fd accepted;
  Error error;
  WaitGroup group;
  group.go(accept_one(*listener, accepted, error));
  listener->close();
  co_await group.wait();
  EXPECT_EQ(error, Error(UV_ECANCELED));
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_FALSE(connects(client, listener->address()));
  Error e = co_await listener->readable();
  EXPECT_EQ(e, Error(UV_ECANCELED));
  listener->close();
}

NET_TEST(Listener, CancelAllEndsTheWait) {
  Result<Listener> listener = listen_on(loop, *SockAddr::numeric("127.0.0.1", 0));
  REQUIRE(listener);
  Fd accepted;
  Error error;
  WaitGroup group;
  group.go(accept_one(*listener, accepted, error));
  loop.cancel_all();
  co_await group.wait();
  EXPECT_EQ(error, Error(UV_ECANCELED));
}

// ---- inherited sockets ----

NET_TEST(Listener, TakesASocketThatListensAlready) {
  const TempDir dir;
  const SockAddr address = *SockAddr::unix_path(dir.file("socket"));
  Fd inherited = unix_socket();
  EXPECT_EQ(bind(inherited.get(), address.get(), address.size()), 0);
  EXPECT_EQ(::listen(inherited.get(), 5), 0);
  const Fd client = unix_socket();
  EXPECT_TRUE(connects(client, address));
  Result<Listener> listener = Listener::listen(loop, std::move(inherited), {.inherited = true});
  REQUIRE(listener);
  EXPECT_EQ(listener->address(), address);
  Result<Fd> fd = co_await accept(*listener);
  EXPECT_TRUE(fd);
  EXPECT_EQ(listener->accept().error(), Error(UV_EAGAIN)) << "and does not block";
  listener->close();
  EXPECT_TRUE(exists(address.host())) << "whose path is not ours";
}

NET_TEST(Listener, RefusesWhatIsNoSocket) {
  EXPECT_EQ(Listener::listen(loop, pipe_ends().near, {}).error(), Error(UV_ENOTSOCK));
  EXPECT_EQ(Listener::listen(loop, Fd(), {}).error(), Error(UV_EBADF));
  co_return;
}

// ---- ports ----

NET_TEST(BindSockets, PortInUseIsAnError) {
  const Fd busy = tcp_listener("127.0.0.1");
  EXPECT_EQ(bind_socket(SockAddr::local(busy.get()), {}).error(), Error(UV_EADDRINUSE));
  co_return;
}

NET_TEST(BindSockets, ListenersShareAPortWhenAsked) {
  ListenOptions options;
  options.reuse_port = true;
  Result<Listener> first = listen_on(loop, *SockAddr::numeric("127.0.0.1", 0), options);
  REQUIRE(first);
  Result<Listener> second = listen_on(loop, first->address(), options);
  REQUIRE(second);
  EXPECT_EQ(second->address(), first->address());
  EXPECT_EQ(listen_on(loop, first->address()).error(), Error(UV_EADDRINUSE));
}

NET_TEST(BindSockets, PortZeroIsTheSamePortForBothFamilies) {
  if (!has_ipv6()) SKIP_TEST("no IPv6 here");
  for (const char* host : {"localhost", ""}) {
    const auto addresses = passive_addresses(host, 0, AF_UNSPEC, false);
    REQUIRE(addresses);
    const auto sockets = bind_sockets(*addresses, {});
    REQUIRE(sockets && sockets->size() == 2);
    const SockAddr first = SockAddr::local((*sockets)[0].get());
    const SockAddr second = SockAddr::local((*sockets)[1].get());
    EXPECT_EQ(first.family(), AF_INET6);
    EXPECT_EQ(second.family(), AF_INET);
    EXPECT_NE(first.port(), 0);
    EXPECT_EQ(first.port(), second.port());
  }
}

NET_TEST(BindSockets, AddressesOfOtherMachinesAreLeftOut) {
  const SockAddr documentation = *SockAddr::numeric("192.0.2.1", 0);
  const SockAddr loopback = *SockAddr::numeric("127.0.0.1", 0);
  for (const auto& addresses : {std::vector{documentation, loopback}, {loopback, documentation}}) {
    const auto sockets = bind_sockets(addresses, {});
    REQUIRE(sockets && sockets->size() == 1);
    EXPECT_EQ(SockAddr::local(sockets->front().get()).host(), "127.0.0.1");
  }
  EXPECT_EQ(bind_sockets({documentation}, {}).error(), Error(UV_EADDRNOTAVAIL));
}

NET_TEST(BindSockets, PortInUseOnOneAddressIsAnError) {
  const Fd busy = tcp_listener("127.0.0.1");
  const std::uint16_t port = SockAddr::local(busy.get()).port();
  const std::vector addresses{*SockAddr::numeric("127.0.0.2", port),
                              *SockAddr::numeric("127.0.0.1", port)};
  EXPECT_EQ(bind_sockets(addresses, {}).error(), Error(UV_EADDRINUSE));
  co_return;
}

}  // namespace
}  // namespace net
