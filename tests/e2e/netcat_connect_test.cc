// netcat as a client: where it connects to, and what it says and sends on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "daemon.h"
#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// ---- destinations ----

class Destination : public testing::TestWithParam<std::vector<std::string>> {};

// PORT in the arguments stands for the server's.
TEST_P(Destination, IsReached) {
  auto arguments = GetParam();
  const bool v6 = arguments[0].find("::1") != std::string::npos;
  auto server = Listener::tcp(v6 ? "::1" : "127.0.0.1");
  for (auto& argument : arguments) {
    const auto at = argument.find("PORT");
    if (at != std::string::npos) argument.replace(at, 4, server.port_text());
  }
  Process netcat(netcat_argv({}, arguments));
  auto peer = server.accept();
  peer.send("hello\n");
  peer.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "hello\n");
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

INSTANTIATE_TEST_SUITE_P(Forms, Destination,
                         testing::Values(std::vector<std::string>{"127.0.0.1", "PORT"},
                                         std::vector<std::string>{"127.0.0.1:PORT"},
                                         std::vector<std::string>{"::1", "PORT"},
                                         std::vector<std::string>{"[::1]", "PORT"},
                                         std::vector<std::string>{"[::1]:PORT"},
                                         std::vector<std::string>{"localhost", "PORT"},
                                         std::vector<std::string>{"localhost:PORT"},
                                         std::vector<std::string>{"-4", "localhost", "PORT"},
                                         std::vector<std::string>{"-n", "127.0.0.1", "PORT"},
                                         std::vector<std::string>{"--", "127.0.0.1", "PORT"},
                                         std::vector<std::string>{"-w", "60", "127.0.0.1", "PORT"}),
                         [](const auto& param) { return "n" + std::to_string(param.index); });

TEST(NetcatConnect, UnixSocket) {
  const TempDir dir;
  for (const auto& path : {dir.path("socket"), "@" + dir.path("abstract")}) {
    auto server = Listener::unix_socket(path);
    Process netcat({"netcat", "-U", path}, all_pipes());
    auto peer = server.accept();
    netcat.in.send("ping\n");
    EXPECT_EQ(peer.line(), "ping");
    peer.send("pong\n");
    peer.close();
    const auto end = finish(netcat);
    EXPECT_EQ(end.out, "pong\n");
    EXPECT_EQ(end.status, 0);
  }
}

TEST(NetcatConnect, SourceAddressAndPortAreOurs) {
  const int port = free_port();
  Session s({"-s", "127.0.0.2", "-p", std::to_string(port)});
  EXPECT_EQ(s.peer.peer_address(), "127.0.0.2");
  EXPECT_EQ(s.peer.peer_port(), port);
}

TEST(NetcatConnect, SourcePortInUseIsStatus7) {
  auto taken = Listener::tcp();
  auto server = Listener::tcp();
  const auto end =
      run({"netcat", "-s", "127.0.0.1", "-p", taken.port_text(), "127.0.0.1", server.port_text()});
  EXPECT_EQ(end.status, 7);
  EXPECT_THAT(end.err, HasSubstr("address already in use"));
}

// ---- -v, in OpenBSD nc's words ----

TEST(NetcatConnect, VerboseSaysWhatOpenBsdsNcSays) {
  Session s({"-v"});
  EXPECT_EQ(s.netcat.err.line(),
            "Connection to 127.0.0.1 " + s.server.port_text() + " port [tcp/*] succeeded!");
}

TEST(NetcatConnect, VerboseNamesTheAddressOfAName) {
  auto server = Listener::tcp();
  Process netcat({"netcat", "-4v", "localhost", server.port_text()});
  EXPECT_EQ(
      line_with(netcat.err, "Connection to"),
      "Connection to localhost (127.0.0.1) " + server.port_text() + " port [tcp/*] succeeded!");
}

TEST(NetcatConnect, QuietByDefault) {
  Session s;
  s.peer.send("x");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.out, "x");
}

// ---- -C, -d ----

TEST(NetcatConnect, CrlfMakesEachLfACrlfOnce) {
  Session s({"-C"});
  s.netcat.in.send("a\nb\r\nc\n\nd");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "a\r\nb\r\nc\r\n\r\nd");
}

TEST(NetcatConnect, CrlfSeesACrlfAcrossReads) {
  Session s({"--crlf"});
  s.netcat.in.send("first\n");
  EXPECT_EQ(s.peer.line(), "first\r");
  s.netcat.in.send("a\r");
  (void)s.peer.silent_for(Millis(100));  // two reads, whether the CR is held back or not
  s.netcat.in.send("\nb\r");
  (void)s.peer.silent_for(Millis(100));
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "a\r\nb\r");
}

TEST(NetcatConnect, WithoutCrlfBytesAreLeftAlone) {
  Session s;
  s.netcat.in.send("a\nb\r\n\r");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "a\nb\r\n\r");
}

TEST(NetcatConnect, RecvOnlyNeverReadsStdin) {
  auto [reading, writing] = pipe_pair();
  Channel(writing.duplicate()).send("untouched\n");
  Session s({"-d"}, {.in = Stdio::fd(reading)});
  s.peer.send("hello\n");
  EXPECT_EQ(s.netcat.out.line(), "hello");
  s.peer.finish();
  EXPECT_EQ(s.peer.rest(), "");
  EXPECT_EQ(s.netcat.wait(kPrompt), 0);
  EXPECT_EQ(Channel(reading.duplicate()).line(), "untouched");
}

// ---- real servers ----

TEST(NetcatConnect, ReadsTheTimeFromClockd) {
  Daemon daemon("clockd", {"--interval", "50ms", "--count", "3"});
  const auto end = run({"netcat", "127.0.0.1", daemon.port_text()});
  EXPECT_THAT(end.out, MatchesRegex("([0-9]{2}:[0-9]{2}:[0-9]{2}\n){3}"));
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatConnect, GetsEveryEchoOfReverbd) {
  Daemon daemon("reverbd", {"--delay", "100ms"});
  const auto end =
      run({"netcat", "127.0.0.1", daemon.port_text()}, "Hello\nIs there anybody there?\n");
  EXPECT_EQ(end.out,
            "\t HELLO\n\t IS THERE ANYBODY THERE?\n\t Hello\n\t Is there anybody there?\n"
            "\t hello\n\t is there anybody there?\n");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatConnect, TalksToOpenBsdsNc) {
  if (!installed("nc.openbsd")) GTEST_SKIP() << "nc.openbsd is not installed";
  Process server({"nc.openbsd", "-lvnN", "127.0.0.1", "0"}, all_pipes());
  const std::string line = server.err.line();
  server.in.send("from the server\n");
  server.in.close();
  const auto end = run({"netcat", "127.0.0.1", line.substr(line.rfind(' ') + 1)}, "from us\n");
  EXPECT_EQ(end.out, "from the server\n");
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(server.out.rest(), "from us\n");
}

TEST(NetcatConnect, TalksToSocat) {
  if (!installed("socat")) GTEST_SKIP() << "socat is not installed";
  const TempDir dir;
  const auto path = dir.path("socket");
  Process server({"socat", "UNIX-LISTEN:" + path, "EXEC:tr a-z A-Z"});
  wait_until("socat", [&] { return shell("test -S " + path).status == 0; });
  const auto end = run({"netcat", "-U", path}, "shout\n");
  EXPECT_EQ(end.out, "SHOUT\n");
  EXPECT_EQ(end.status, 0);
}

// ---- socket options ----

TEST(NetcatConnect, TtlAndTosAreInTheFirstPacket) {
  Listener server = Listener::tcp();
  const int on = 1;
  setsockopt(server.fd().get(), IPPROTO_TCP, TCP_SAVE_SYN, &on, sizeof on);
  Process netcat({"netcat", "-M", "7", "-T", "cs1", "127.0.0.1", server.port_text()}, all_pipes());
  const Socket peer = server.accept();
  std::array<unsigned char, 256> ip{};
  socklen_t size = ip.size();
  ASSERT_EQ(getsockopt(peer.fd(), IPPROTO_TCP, TCP_SAVED_SYN, ip.data(), &size), 0);
  EXPECT_EQ(ip[8], 7);
  EXPECT_EQ(ip[1], 0x20);
}

// ---- keepalive ----

// The seconds until the next probe of the peer at `port`, by the kernel's list; -1: there is none.
// own: the port at this end, because clients of other servers may have the peer's, too.
double until_probe(int port, int own = 0) {
  char ends[64];
  std::snprintf(ends, sizeof ends,
                "0100007F:%04X 0100007F:%04X 01 00000000:00000000 02:", static_cast<unsigned>(own),
                static_cast<unsigned>(port));
  const std::string_view connection = std::string_view(ends).substr(own == 0 ? 14 : 0);
  const std::string list = read_file("/proc/net/tcp");
  const std::size_t at = list.find(connection);
  if (at == std::string::npos) return -1;
  return static_cast<double>(std::stol(list.substr(at + connection.size(), 8), nullptr, 16)) / 100;
}

TEST(NetcatKeepalive, IsTheUsersChoiceAtBothEnds) {
  Session client({"--keepalive", "100", "-v"});
  (void)client.netcat.err.line();  // connected
  EXPECT_GT(until_probe(client.server.port()), 50);
  EXPECT_LE(until_probe(client.server.port()), 100);
  Listening server({"--keepalive", "3m"});
  Socket peer = server.connect();
  peer.send("hello\n");
  EXPECT_EQ(server.netcat.out.line(), "hello");
  EXPECT_GT(until_probe(peer.local_port(), server.port), 100);
}

TEST(NetcatKeepalive, IsOffForAClientUnlessAskedFor) {
  Session s({"-v"});
  (void)s.netcat.err.line();  // connected
  EXPECT_EQ(until_probe(s.server.port()), -1);
  EXPECT_EQ(run({"netcat", "--keepalive", "0", "127.0.0.1", "1"}).status, 2);
  EXPECT_EQ(run({"netcat", "--keepalive", "10h", "127.0.0.1", "1"}).status, 2);
}

}  // namespace
}  // namespace e2e
