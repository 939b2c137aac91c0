// netcat's -T by name, and what its socket options do to a socket.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/net/fd.h"
#include "tools/netcat/socket_options.h"

namespace netcat {
namespace {

TEST(Tos, NamesAndNumbers) {
  const struct {
    const char* text;
    std::optional<int> value;
  } table[] = {
      {"af11", 0x28},     {"af43", 0x98}, {"cs0", 0},       {"cs7", 0xe0},     {"ef", 0xb8},
      {"critical", 0xa0}, {"va", 0xb0},   {"lowdelay", 16}, {"throughput", 8}, {"reliability", 4},
      {"lowcost", 2},     {"0x10", 16},   {"0xFF", 255},    {"0", 0},          {"255", 255},
      {"256", {}},        {"-1", {}},     {"0x", {}},       {"", {}},          {"af44", {}},
      {"EF", {}},         {"12x", {}},    {"0x100", {}},
  };
  for (const auto& row : table) EXPECT_EQ(parse_tos(row.text), row.value) << row.text;
}

int option(const net::Fd& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd.get(), level, name, &value, &size), 0);
  return value;
}

TEST(SocketOptions, AreSetOnIpv4) {
  const net::Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  const SocketOptions options{20'000, 30'000, 7, 5, 0x10};
  options.apply(fd.get(), AF_INET);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), 40'000);  // Linux doubles it
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_SNDBUF), 60'000);
  EXPECT_EQ(option(fd, IPPROTO_IP, IP_TTL), 7);
  EXPECT_EQ(option(fd, IPPROTO_IP, IP_MINTTL), 5);
  EXPECT_EQ(option(fd, IPPROTO_IP, IP_TOS), 0x10);
}

TEST(SocketOptions, AreSetOnIpv6) {
  const net::Fd fd(socket(AF_INET6, SOCK_STREAM, 0));
  if (!fd) GTEST_SKIP() << "no IPv6 here";
  const SocketOptions options{{}, {}, 7, 5, 0x20};
  options.apply(fd.get(), AF_INET6);
  EXPECT_EQ(option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 7);
  EXPECT_EQ(option(fd, IPPROTO_IPV6, 73), 5);  // IPV6_MINHOPCOUNT
  EXPECT_EQ(option(fd, IPPROTO_IPV6, IPV6_TCLASS), 0x20);
}

TEST(SocketOptions, KeepaliveNoticesADeadPeerHalfAMinuteLater) {
  for (const int idle : {3, 600}) {
    const net::Fd fd(socket(AF_INET, SOCK_STREAM, 0));
    SocketOptions options;
    options.keepalive = idle;
    options.apply(fd.get(), AF_INET);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), idle);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), idle == 3 ? 3 : 10);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
  }
}

TEST(SocketOptions, NotGivenChangeNothing) {
  const net::Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  const int before = option(fd, IPPROTO_IP, IP_TTL);
  SocketOptions().apply(fd.get(), AF_INET);
  EXPECT_EQ(option(fd, IPPROTO_IP, IP_TTL), before);
  EXPECT_EQ(option(fd, IPPROTO_IP, IP_TOS), 0);
}

}  // namespace
}  // namespace netcat
