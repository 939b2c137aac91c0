// OpenBSD's own regression cases for nc, by their names: TCP between two netcats, and between one
// and a scripted peer.
//
// Where a case wants both sides to stay although both inputs have ended, --no-shutdown does it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// ---- two netcats: each gets what the other had to say, and names it as expected ----

struct Talk {
  std::string name;
  Words server;
  std::string server_name;  // an address, or a family whose loopback address has a name
  Words client;
  std::string client_name;
};

std::string name_of_loopback(int family) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  std::array<char, NI_MAXHOST> name{};
  const int failed = family == AF_INET ? getnameinfo(reinterpret_cast<sockaddr*>(&v4), sizeof v4,
                                                     name.data(), name.size(), nullptr, 0, 0)
                                       : getnameinfo(reinterpret_cast<sockaddr*>(&v6), sizeof v6,
                                                     name.data(), name.size(), nullptr, 0, 0);
  EXPECT_EQ(failed, 0);
  return name.data();
}

void PrintTo(const Talk& talk, std::ostream* out) { *out << talk.name; }

class NetcatOpenBsdTcp : public testing::TestWithParam<Talk> {};

TEST_P(NetcatOpenBsdTcp, TalksBothWays) {
  const Talk& talk = GetParam();
  Fed server("greeting", talk.server);
  const std::string name = talk.server_name == "v4"   ? name_of_loopback(AF_INET)
                           : talk.server_name == "v6" ? name_of_loopback(AF_INET6)
                                                      : talk.server_name;
  Fed client("command", with(talk.client, {server.port("Listening on " + name + " ")}));
  EXPECT_EQ(client.finished(), "greeting\n");
  EXPECT_EQ(server.finished(), "command\n");
  EXPECT_THAT(server.said, HasSubstr("Connection received on " + name + " "));
  EXPECT_THAT(client.said, MatchesRegex("Connection to " + talk.client_name + " .* succeeded!\n"));
}

const Words kListen4{"-n", "-v", "-l", "127.0.0.1", "0"};
const Words kListen6{"-n", "-v", "-l", "::1", "0"};
const Words kConnect4{"-n", "-v", "127.0.0.1"};
const Words kConnect6{"-n", "-v", "::1"};

INSTANTIATE_TEST_SUITE_P(
    Cases, NetcatOpenBsdTcp,
    testing::ValuesIn(std::vector<Talk>{
        {"Tcp", kListen4, "127.0.0.1", kConnect4, "127.0.0.1"},
        {"Tcp6", kListen6, "::1", kConnect6, "::1"},
        {"TcpLocalhostServer", {"-4", "-v", "-l", "localhost", "0"}, "v4", kConnect4, "127.0.0.1"},
        {"Tcp6LocalhostServer", {"-6", "-v", "-l", "localhost", "0"}, "v6", kConnect6, "::1"},
        {"TcpLocalhostClient", kListen4, "127.0.0.1", {"-4", "-v", "localhost"}, "localhost"},
        {"Tcp6LocalhostClient", kListen6, "::1", {"-6", "-v", "localhost"}, "localhost"}}),
    [](const auto& talk) { return talk.param.name; });

// An address of the other family is no address of that name.
void expect_bad_address(const Words& options, const std::string& address) {
  const Outcome end = run(netcat_argv(options, {}));
  EXPECT_EQ(end.status, 3);
  EXPECT_EQ(end.out, "");
  EXPECT_THAT(end.err, MatchesRegex("netcat: cannot resolve " + address + ": [^\n]+\n"));
}

TEST(NetcatOpenBsd, TcpBadLocalhostServer) {
  expect_bad_address({"-4", "-v", "-l", "::1", "0"}, "::1");
}

TEST(NetcatOpenBsd, Tcp6BadLocalhostServer) {
  expect_bad_address({"-6", "-v", "-l", "127.0.0.0", "0"}, "127.0.0.0");
}

TEST(NetcatOpenBsd, TcpBadLocalhostClient) {
  const Listening server;
  expect_bad_address({"-4", "-v", "::1", std::to_string(server.port)}, "::1");
}

TEST(NetcatOpenBsd, Tcp6BadLocalhostClient) {
  const Listening server;
  expect_bad_address({"-6", "-v", "127.0.0.1", std::to_string(server.port)}, "127.0.0.1");
}

const Words kNoShutdown{"--no-shutdown"};

// Both inputs have ended and neither side half-closes: they wait for each other, asleep.
TEST(NetcatOpenBsd, TcpSleepWithNoShutdown) {
  Fed server("greeting", with(kNoShutdown, kListen4));
  Fed client("command", with(with(kNoShutdown, kConnect4), {server.port("Listening on ")}));
  EXPECT_EQ(client.out.line(), "greeting");
  EXPECT_EQ(server.out.line(), "command");
  const Millis before = client.cpu_time() + server.cpu_time();
  EXPECT_TRUE(client.lives_for(kSilence));
  EXPECT_TRUE(server.lives_for(kSilence));
  EXPECT_LT(client.cpu_time() + server.cpu_time() - before, kSilence);
}

// A second client comes to the same port after the first was killed; there is one greeting.
TEST(NetcatOpenBsd, TcpKeepWithNoShutdown) {
  Fed server("greeting", with({"--no-shutdown", "-k"}, kListen4));
  const Words connect = with(with(kNoShutdown, kConnect4), {server.port("Listening on ")});
  for (const bool is_first : {true, false}) {
    Fed client("command", connect);
    client.says("Connection to 127.0.0.1 ");
    server.says("Connection received on 127.0.0.1 ");
    EXPECT_EQ(server.out.line(), "command");
    if (is_first) {
      EXPECT_EQ(client.out.line(), "greeting");
    }
    EXPECT_TRUE(client.lives_for(kSilence));
    client.signal(SIGTERM);
    const Outcome end = finish(client);
    EXPECT_EQ(end.status, 128 + SIGTERM);
    EXPECT_EQ(end.out, "");
  }
}

// ---- a server, and a scripted client ----

struct TcpServer {
  explicit TcpServer(const Words& options = {})
      : netcat("greeting", with(options, kListen4)),
        client(connect_tcp("127.0.0.1", std::stoi(netcat.port("Listening on 127.0.0.1 ")))) {}
  void expect_done() {
    EXPECT_EQ(netcat.finished(), "command\n");
    EXPECT_THAT(netcat.said, HasSubstr("Connection received on 127.0.0.1 "));
  }
  Fed netcat;
  Socket client;
};

TEST(NetcatOpenBsd, TcpServer) {
  TcpServer server;
  EXPECT_EQ(server.client.line(), "greeting");
  server.client.send("command\n");
  server.client.close();
  server.expect_done();
}

TEST(NetcatOpenBsd, TcpServerEof) {
  TcpServer server;
  EXPECT_EQ(server.client.line(), "greeting");
  server.client.send("command\n");
  server.client.finish();
  EXPECT_EQ(server.client.rest(), "");
  server.expect_done();
}

void expect_server_reverse_eof(const Words& options) {
  TcpServer server(options);
  server.client.send("command\n");
  server.client.finish();
  EXPECT_EQ(server.client.rest(), "greeting\n");
  server.expect_done();
}

TEST(NetcatOpenBsd, TcpServerReverseEof) { expect_server_reverse_eof({}); }

TEST(NetcatOpenBsd, TcpServerShutdownReverseEof) { expect_server_reverse_eof({"-N"}); }

TEST(NetcatOpenBsd, TcpServerShutdownEof) {
  TcpServer server({"-N"});
  EXPECT_EQ(server.client.line(), "greeting");
  server.client.send("command\n");
  EXPECT_EQ(server.client.rest(), "");
  server.client.finish();
  server.expect_done();
}

// ---- a client, and a scripted server ----

struct TcpClient {
  explicit TcpClient(const Words& options = {})
      : netcat("command", with(with(options, kConnect4), {listener.port_text()})),
        server(listener.accept()) {}
  void expect_done() {
    EXPECT_EQ(netcat.finished(), "greeting\n");
    EXPECT_THAT(netcat.said, MatchesRegex("Connection to 127.0.0.1 .* succeeded!\n"));
  }
  Listener listener = Listener::tcp();
  Fed netcat;
  Socket server;
};

TEST(NetcatOpenBsd, TcpClient) {
  TcpClient client;
  client.server.send("greeting\n");
  EXPECT_EQ(client.server.line(), "command");
  client.server.close();
  client.expect_done();
}

void expect_client_eof(const Words& options) {
  TcpClient client(options);
  client.server.send("greeting\n");
  client.server.finish();
  EXPECT_EQ(client.server.line(), "command");
  EXPECT_EQ(client.server.rest(), "");
  client.expect_done();
}

TEST(NetcatOpenBsd, TcpClientEof) { expect_client_eof({}); }

TEST(NetcatOpenBsd, TcpClientShutdownEof) { expect_client_eof({"-N"}); }

TEST(NetcatOpenBsd, TcpClientReverseEof) {
  TcpClient client;
  EXPECT_EQ(client.server.line(), "command");
  client.server.send("greeting\n");
  EXPECT_EQ(client.server.rest(), "");
  client.server.finish();
  client.expect_done();
}

TEST(NetcatOpenBsd, TcpClientShutdownReverseEof) {
  TcpClient client({"-N"});
  EXPECT_EQ(client.server.rest(), "command\n");
  client.server.send("greeting\n");
  client.server.finish();
  client.expect_done();
}

}  // namespace
}  // namespace e2e
