// What a daemon's operands and options mean.
#include "common/net/server.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/net/places.h"

namespace net {
namespace {

TEST(ServerOptions, HostAndPortAreOneAddress) {
  using List = std::vector<std::string>;
  struct Row {
    List operands;
    List addresses;
  };
  const Row table[] = {
      {{}, {}},
      {{"8000"}, {"8000"}},
      {{"localhost", "8000"}, {"localhost:8000"}},
      {{"127.0.0.1", "0"}, {"127.0.0.1:0"}},
      {{"example.org", "http"}, {"example.org:http"}},
      {{"::1", "8000"}, {"[::1]:8000"}},
      {{"[::1]", "8000"}, {"[::1]:8000"}},
      {{"fe80::1%eth0", "80"}, {"[fe80::1%eth0]:80"}},
      // Two addresses.
      {{"8000", "8001"}, {"8000", "8001"}},
      {{"8000", "localhost:8001"}, {"8000", "localhost:8001"}},
      {{"unix:a", "8000"}, {"unix:a", "8000"}},
      {{"fd:3", "8000"}, {"fd:3", "8000"}},
      {{":80", "8000"}, {":80", "8000"}},
      // Neither: what is wrong is said later.
      {{"localhost"}, {"localhost"}},
      {{"localhost", "x:1"}, {"localhost", "x:1"}},
      {{"localhost", "99999"}, {"localhost:99999"}},
      {{"localhost", ""}, {"localhost:"}},
      {{"localhost", "8000", "8001"}, {"localhost", "8000", "8001"}},
  };
  for (const Row& row : table) {
    ServerOptions options;
    add_addresses(options, row.operands);
    EXPECT_EQ(options.addresses, row.addresses);
  }
}

TEST(ServerOptions, OperandsComeAfterListen) {
  ServerOptions options;
  options.addresses = {"unix:a"};
  add_addresses(options, {"::1", "80"});
  EXPECT_EQ(options.addresses, (std::vector<std::string>{"unix:a", "[::1]:80"}));
}

// ---- places ----

using Entry = Places::Entry;

Fd a_socket() { return Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

Entry enter(Places& places, const SockAddr& peer) {
  Fd socket = a_socket();
  return places.enter(peer, socket);
}

TEST(Places, EachAddressHasItsOwn) {
  Places places(2, 2);
  const SockAddr one = *SockAddr::numeric("10.0.0.1", 1);
  const SockAddr same = *SockAddr::numeric("10.0.0.1", 2);
  const SockAddr other = *SockAddr::numeric("fd00::1", 1);
  EXPECT_TRUE(places.limited(one));
  EXPECT_FALSE(places.limited(*SockAddr::unix_path("/x")));
  EXPECT_FALSE(Places(0, 0).limited(one));
  EXPECT_EQ(enter(places, one), Entry::kServed);
  EXPECT_EQ(enter(places, same), Entry::kServed);
  EXPECT_EQ(enter(places, one), Entry::kWaits);
  EXPECT_EQ(enter(places, other), Entry::kServed);
  EXPECT_EQ(enter(places, same), Entry::kWaits);
  EXPECT_EQ(enter(places, one), Entry::kRefused) << "too many wait";
  EXPECT_FALSE(places.leave(other));
  EXPECT_TRUE(places.leave(one)) << "the place passes to one who waits";
  EXPECT_TRUE(places.leave(one));
  EXPECT_FALSE(places.leave(one));
  EXPECT_FALSE(places.leave(same));
  EXPECT_EQ(enter(places, one), Entry::kServed);
  EXPECT_FALSE(places.leave(one));
}

TEST(Places, AnIpv4AddressIsTheSameInAnIpv6Socket) {
  Places places(1, 1);
  const SockAddr plain = *SockAddr::numeric("10.0.0.1", 1);
  const SockAddr mapped = *SockAddr::numeric("::ffff:10.0.0.1", 2);
  EXPECT_EQ(enter(places, mapped), Entry::kServed);
  EXPECT_EQ(enter(places, plain), Entry::kWaits);
  EXPECT_TRUE(places.leave(plain));
  EXPECT_FALSE(places.leave(mapped));
}

TEST(Places, WhoWaitsIsServedInTurn) {
  Places places(1, 2);
  const SockAddr peer = *SockAddr::numeric("10.0.0.1", 1);
  EXPECT_EQ(enter(places, peer), Entry::kServed);
  Fd first = a_socket();
  Fd second = a_socket();
  const int fds[] = {first.get(), second.get()};
  EXPECT_EQ(places.enter(peer, first), Entry::kWaits);
  EXPECT_EQ(places.enter(peer, second), Entry::kWaits);
  EXPECT_FALSE(first) << "it is the places' now";
  for (const int fd : fds) EXPECT_EQ(places.leave(peer)->get(), fd);
  EXPECT_FALSE(places.leave(peer));
}

}  // namespace
}  // namespace net
