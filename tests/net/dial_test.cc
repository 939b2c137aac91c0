// dial: names into connections, whoever refuses or keeps silent.
#include "common/net/dial.h"

#include <sys/socket.h>

#include <vector>

#include "net_test.h"

namespace net {
namespace {

constexpr Millis kStagger{250};

// Takes connections until `room` of them wait, then answers nobody: a black hole.
struct BlackHole {
  BlackHole()
      : listener(tcp_listener("127.0.0.1", 0)),
        address(SockAddr::local(listener.get())),
        filler(tcp_connection(address)) {}
  Fd listener;
  SockAddr address;
  Fd filler;
};

struct Attempt {
  SockAddr address;
  Error error;
};

DialOptions noting(std::vector<Attempt>& attempts) {
  DialOptions options;
  options.on_attempt = [&attempts](const SockAddr& address, Error e, std::chrono::nanoseconds) {
    attempts.push_back({address, e});
  };
  return options;
}

SockAddr address_of(const Fd& fd) { return SockAddr::local(fd.get()); }

void expect_connected(const Dialed& dialed, const SockAddr& to) {
  EXPECT_EQ(dialed.stage, Dialed::kConnected);
  EXPECT_FALSE(dialed.error) << dialed.error.message();
  EXPECT_TRUE(dialed.socket);
  EXPECT_EQ(dialed.peer, to);
  EXPECT_EQ(SockAddr::peer(dialed.socket.get()), to);
  EXPECT_NE(status_flags(dialed.socket.get()) & O_NONBLOCK, 0);
}

// ---- one address ----

NET_TEST(Dial, ConnectsAndTellsOfIt) {
  const Fd listener = tcp_listener("127.0.0.1");
  std::vector<Attempt> attempts;
  const DialOptions options = noting(attempts);
  Dialed dialed = co_await dial(loop, "127.0.0.1", address_of(listener).port(), options);
  expect_connected(dialed, address_of(listener));
  REQUIRE(attempts.size() == 1);
  EXPECT_EQ(attempts[0].address, address_of(listener));
  EXPECT_FALSE(attempts[0].error);
}

NET_TEST(Dial, RefusalIsAnError) {
  const Fd nobody = refusing_socket("127.0.0.1");
  std::vector<Attempt> attempts;
  const DialOptions options = noting(attempts);
  Dialed dialed = co_await dial(loop, "127.0.0.1", address_of(nobody).port(), options);
  EXPECT_EQ(dialed.stage, Dialed::kConnect);
  EXPECT_EQ(dialed.error, Error(UV_ECONNREFUSED));
  EXPECT_FALSE(dialed.socket);
  EXPECT_EQ(dialed.peer, address_of(nobody));
  REQUIRE(attempts.size() == 1);
  EXPECT_EQ(attempts[0].error, Error(UV_ECONNREFUSED));
}

NET_TEST(Dial, NoAddressIsUnreachable) {
  const DialOptions options;
  const std::vector<SockAddr> none;
  const Deadline deadline(kForever);
  Dialed dialed = co_await dial(loop, none, options, deadline);
  EXPECT_EQ(dialed.stage, Dialed::kConnect);
  EXPECT_EQ(dialed.error, Error(UV_ENETUNREACH));
}

NET_TEST(Dial, SilenceEndsWithTheTotalTime) {
  const BlackHole hole;
  std::vector<Attempt> attempts;
  DialOptions options = noting(attempts);
  options.timeout = Millis(60);
  const Stopwatch watch;
  Dialed dialed = co_await dial(loop, "127.0.0.1", hole.address.port(), options);
  EXPECT_EQ(dialed.stage, Dialed::kConnect);
  EXPECT_EQ(dialed.error, Error(UV_ETIMEDOUT));
  EXPECT_FALSE(dialed.socket);
  EXPECT_GE(watch.elapsed(), Millis(60));
  REQUIRE(attempts.size() == 1);
  EXPECT_EQ(attempts[0].error, Error(UV_ETIMEDOUT));
}

// ---- several addresses ----

NET_TEST(Dial, NextAddressIsTriedAtOnceWhenOneRefuses) {
  const Fd nobody = refusing_socket("127.0.0.1");
  const Fd listener = tcp_listener("127.0.0.1");
  std::vector<Attempt> attempts;
  const DialOptions options = noting(attempts);
  std::vector<SockAddr> addresses(40, address_of(nobody));
  addresses.push_back(address_of(listener));
  const Deadline deadline(kForever);
  const Stopwatch watch;
  Dialed dialed = co_await dial(loop, addresses, options, deadline);
  EXPECT_LT(watch.elapsed(), 39 * kStagger);
  expect_connected(dialed, address_of(listener));
  REQUIRE(attempts.size() == 41);
  EXPECT_EQ(attempts[0].error, Error(UV_ECONNREFUSED));
  EXPECT_FALSE(attempts[40].error);
}

NET_TEST(Dial, SecondAddressWinsAfterTheStaggerWhenTheFirstIsSilent) {
  const BlackHole hole;
  const Fd listener = tcp_listener("127.0.0.1");
  std::vector<Attempt> attempts;
  const DialOptions options = noting(attempts);
  const std::vector addresses{hole.address, address_of(listener)};
  const Deadline deadline(kForever);
  const Stopwatch watch;
  Dialed dialed = co_await dial(loop, addresses, options, deadline);
  EXPECT_GE(watch.elapsed(), kStagger);
  expect_connected(dialed, address_of(listener));
  REQUIRE(attempts.size() == 2);
  EXPECT_FALSE(attempts[0].error);
  EXPECT_EQ(attempts[1].address, hole.address);
  EXPECT_EQ(attempts[1].error, Error(UV_ECANCELED));
}

NET_TEST(Dial, LocalhostTriesBothFamilies) {
  if (!has_ipv6()) SKIP_TEST("no IPv6 here");
  // Holds the port on ::1, so that nobody else can listen there.
  const Fd nobody = refusing_socket("::1");
  const std::uint16_t port = address_of(nobody).port();
  const SockAddr v4 = *SockAddr::numeric("127.0.0.1", port);
  const Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (bind(listener.get(), v4.get(), v4.size()) != 0) SKIP_TEST("the port is taken on 127.0.0.1");
  EXPECT_EQ(listen(listener.get(), 5), 0);
  std::vector<Attempt> attempts;
  const DialOptions options = noting(attempts);
  Dialed dialed = co_await dial(loop, "localhost", port, options);
  expect_connected(dialed, v4);
  REQUIRE(attempts.size() == 2);
  EXPECT_EQ(attempts[0].address.host(), "::1");
  EXPECT_EQ(attempts[0].error, Error(UV_ECONNREFUSED));
}

NET_TEST(Dial, TimeLimitIsForAllAddressesTogether) {
  const BlackHole first, second, third;
  DialOptions options;
  options.timeout = Millis(350);
  const std::vector addresses{first.address, second.address, third.address};
  const Deadline deadline(options.timeout);
  const Stopwatch watch;
  Dialed dialed = co_await dial(loop, addresses, options, deadline);
  EXPECT_EQ(dialed.error, Error(UV_ETIMEDOUT));
  EXPECT_GE(watch.elapsed(), Millis(350));
}

NET_TEST(Dial, RefusalSaysMoreThanTheOthers) {
  const Fd nobody = refusing_socket("127.0.0.1");
  const SockAddr family_without_socket = *SockAddr::unix_path("/nonexistent/socket");
  const DialOptions options;
  const std::vector addresses{address_of(nobody), family_without_socket};
  const Deadline deadline(kForever);
  Dialed dialed = co_await dial(loop, addresses, options, deadline);
  EXPECT_EQ(dialed.error, Error(UV_ECONNREFUSED));
  EXPECT_EQ(dialed.peer, address_of(nobody));
}

// ---- where from ----

NET_TEST(Dial, SourceAddressAndPortAreUsed) {
  const Fd listener = tcp_listener("127.0.0.1");
  const Fd holder = refusing_socket("127.0.0.2");  // keeps the port for us
  DialOptions options;
  options.sources = {*SockAddr::numeric("::1", 0), *SockAddr::numeric("127.0.0.2", 0)};
  options.source_port = address_of(holder).port();
  Dialed dialed = co_await dial(loop, "127.0.0.1", address_of(listener).port(), options);
  expect_connected(dialed, address_of(listener));
  EXPECT_EQ(address_of(dialed.socket), address_of(holder));
}

NET_TEST(Dial, SourceThatIsNotOursIsABindError) {
  const Fd listener = tcp_listener("127.0.0.1");
  DialOptions options;
  options.sources = {*SockAddr::numeric("192.0.2.1", 0)};
  Dialed dialed = co_await dial(loop, "127.0.0.1", address_of(listener).port(), options);
  EXPECT_EQ(dialed.stage, Dialed::kBind);
  EXPECT_EQ(dialed.error, Error(UV_EADDRNOTAVAIL));
}

NET_TEST(Dial, SourceOfTheOtherFamilyIsABindError) {
  const Fd listener = tcp_listener("127.0.0.1");
  DialOptions options;
  options.sources = {*SockAddr::numeric("::1", 0)};
  Dialed dialed = co_await dial(loop, "127.0.0.1", address_of(listener).port(), options);
  EXPECT_EQ(dialed.stage, Dialed::kBind);
  EXPECT_EQ(dialed.error, Error(UV_EAFNOSUPPORT));
}

NET_TEST(Dial, MeetingOneselfIsARefusal) {
  const Fd nobody = refusing_socket("127.0.0.1");
  DialOptions options;
  options.source_port = address_of(nobody).port();
  options.sources = {*SockAddr::numeric("127.0.0.1", 0)};
  Dialed dialed = co_await dial(loop, "127.0.0.1", options.source_port, options);
  EXPECT_EQ(dialed.error, Error(UV_ECONNREFUSED));
  EXPECT_FALSE(dialed.socket);
}

// ---- Unix-domain sockets ----

struct UnixListener {
  explicit UnixListener(int backlog)
      : address(*SockAddr::unix_path(dir.file("socket"))),
        fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(bind(fd.get(), address.get(), address.size()), 0);
    if (backlog < 0) return;
    EXPECT_EQ(listen(fd.get(), backlog), 0);
  }
  Fd connection() const {
    Fd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(client.get(), address.get(), address.size()), 0);
    return client;
  }
  TempDir dir;
  SockAddr address;
  Fd fd;
};

Task<> dial_unix(Loop& loop, const UnixListener& listener, Millis timeout, Dialed& result) {
  const DialOptions options;
  const std::vector only{listener.address};
  const Deadline deadline(timeout);
  Dialed dialed = co_await dial(loop, only, options, deadline);
  result = std::move(dialed);
}

NET_TEST(Dial, UnixPath) {
  const UnixListener listener(5);
  Dialed dialed;
  co_await dial_unix(loop, listener, kForever, dialed);
  expect_connected(dialed, listener.address);
}

NET_TEST(Dial, UnixPathThatNobodyServes) {
  const UnixListener listener(-1);
  Dialed dialed;
  co_await dial_unix(loop, listener, kForever, dialed);
  EXPECT_EQ(dialed.error, Error(UV_ECONNREFUSED));
  unlink(listener.address.host().c_str());
  co_await dial_unix(loop, listener, kForever, dialed);
  EXPECT_EQ(dialed.error, Error(UV_ENOENT));
}

NET_TEST(Dial, UnixQueueThatIsFullIsWaitedFor) {
  const UnixListener listener(0);
  const Fd before = listener.connection();
  Dialed dialed;
  WaitGroup group;
  group.go(dial_unix(loop, listener, kPatience, dialed));
  Error e = co_await sleep(loop, Millis(30));
  EXPECT_FALSE(e);
  EXPECT_EQ(group.count(), 1U);
  const Fd accepted(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(accepted);
  co_await group.wait();
  expect_connected(dialed, listener.address);
}

NET_TEST(Dial, UnixQueueThatStaysFullTimesOut) {
  const UnixListener listener(0);
  const Fd before = listener.connection();
  Dialed dialed;
  co_await dial_unix(loop, listener, Millis(40), dialed);
  EXPECT_EQ(dialed.stage, Dialed::kConnect);
  EXPECT_EQ(dialed.error, Error(UV_ETIMEDOUT));
}

// ---- accepted and reset at once ----

Task<> dial_to(Loop& loop, SockAddr address, Dialed& result) {
  const DialOptions options;
  const std::vector only{address};
  const Deadline deadline(kPatience);
  Dialed dialed = co_await dial(loop, only, options, deadline);
  result = std::move(dialed);
}

NET_TEST(Dial, ResetAfterTheAcceptIsAConnection) {
  const Fd listener = tcp_listener("127.0.0.1");
  Dialed dialed;
  WaitGroup group;
  group.go(dial_to(loop, address_of(listener), dialed));
  Fd accepted(accept(listener.get(), nullptr, nullptr));
  reset(accepted);
  co_await group.wait();
  EXPECT_FALSE(dialed.error) << dialed.error.message();
  EXPECT_TRUE(dialed.socket);
  EXPECT_TRUE(dialed.reset);
}

NET_TEST(Dial, GreetingBeforeAResetIsStillThere) {
  const Fd listener = tcp_listener("127.0.0.1");
  Dialed dialed;
  WaitGroup group;
  group.go(dial_to(loop, address_of(listener), dialed));
  Fd accepted(accept(listener.get(), nullptr, nullptr));
  send(accepted, "hello");
  reset(accepted);
  co_await group.wait();
  REQUIRE(dialed.socket);
  char text[16];
  EXPECT_EQ(recv(dialed.socket.get(), text, sizeof text, 0), 5);
}

// ---- names ----

NET_TEST(Dial, NumericLooksNothingUp) {
  DialOptions options;
  options.numeric = true;
  Dialed dialed = co_await dial(loop, "name.invalid", 80, options);
  EXPECT_EQ(dialed.stage, Dialed::kLookup);
  EXPECT_EQ(dialed.error, Error(UV_EAI_NONAME));
  EXPECT_STREQ(dialed.error.message(), "name not found");
}

// An address that only the resolver knows to read, and needs nobody for it.
NET_TEST(Dial, OtherNamesAreLookedUpBesideTheLoop) {
  const Fd listener = tcp_listener("127.0.0.1");
  const DialOptions options;
  Dialed dialed = co_await dial(loop, "127.1", address_of(listener).port(), options);
  expect_connected(dialed, address_of(listener));
}

// ---- cancelling ----

Task<> dial_into(Loop& loop, const SockAddr& address, Millis timeout, Dialed& result) {
  const DialOptions options;
  const std::vector only{address};
  const Deadline deadline(timeout);
  Dialed dialed = co_await dial(loop, only, options, deadline);
  result = std::move(dialed);
}

NET_TEST(Dial, CancelAllEndsIt) {
  const BlackHole hole;
  Dialed dialed;
  WaitGroup group;
  group.go(dial_into(loop, hole.address, kPatience, dialed));
  co_await next_round(loop);
  loop.cancel_all();
  const Stopwatch watch;
  co_await group.wait();
  EXPECT_LT(watch.elapsed(), kPatience / 2);
  EXPECT_FALSE(dialed.socket);
  EXPECT_TRUE(dialed.error);
}

NET_TEST(Dial, CancelAllEndsOneWithoutATimeLimit) {
  const BlackHole hole;
  Dialed dialed;
  WaitGroup group;
  group.go(dial_into(loop, hole.address, kForever, dialed));
  co_await next_round(loop);
  loop.cancel_all();
  co_await group.wait();
  EXPECT_FALSE(dialed.socket);
}

}  // namespace
}  // namespace net
