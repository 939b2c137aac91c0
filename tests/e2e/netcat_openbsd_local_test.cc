// OpenBSD's own regression cases for nc, by their names: UDP and Unix-domain sockets.
//
// The cases with -v there expect the four probes that OpenBSD's nc sends; netcat sends none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// ---- UDP ----

// `name`: of the address as -v has it.
void expect_datagrams(const Words& server_options, const std::string& name,
                      const Words& client_options) {
  Fed server("greeting", server_options);
  Fed client("command", with(client_options, {server.port("Bound on " + name)}));
  EXPECT_EQ(client.finished(), "greeting\n");
  EXPECT_EQ(server.finished(), "command\n");
  EXPECT_THAT(server.said, HasSubstr("Connection received on " + name));
  EXPECT_EQ(client.said, "");
}

TEST(NetcatOpenBsd, Udp) {
  expect_datagrams({"-u", "-n", "-v", "-l", "127.0.0.1", "0"}, "127.0.0.1 ",
                   {"-u", "-n", "127.0.0.1"});
}

TEST(NetcatOpenBsd, Udp6) {
  expect_datagrams({"-u", "-n", "-v", "-l", "::1", "0"}, "::1 ", {"-u", "-n", "::1"});
}

TEST(NetcatOpenBsd, UdpLocalhost) {
  expect_datagrams({"-u", "-4", "-v", "-l", "localhost", "0"}, "", {"-u", "-4", "localhost"});
}

TEST(NetcatOpenBsd, Udp6Localhost) {
  expect_datagrams({"-u", "-6", "-v", "-l", "localhost", "0"}, "", {"-u", "-6", "localhost"});
}

TEST(NetcatOpenBsd, UdpProbe) {
  Fed server("greeting", {"-u", "-n", "-v", "-l", "127.0.0.1", "0"});
  Fed client("command", {"-u", "-v", "-n", "127.0.0.1", server.port("Bound on ")});
  EXPECT_EQ(client.finished(), "greeting\n");
  EXPECT_EQ(server.finished(), "command\n");
  EXPECT_THAT(server.said, HasSubstr("Connection received on 127.0.0.1 "));
  EXPECT_THAT(client.said, MatchesRegex("Connection to 127.0.0.1 .* succeeded!\n"));
}

// But for a line for each sender it says nothing more: it binds once and is connected to nobody.
void expect_silent_to_the_end(Fed& server) {
  EXPECT_TRUE(server.lives_for(kSilence));
  server.signal(SIGTERM);
  EXPECT_THAT(finish(server).err, MatchesRegex("(Connection received on [^\n]+\n)*"));
}

TEST(NetcatOpenBsd, UdpKeep) {
  Fed server("greeting", {"-k", "-u", "-n", "-v", "-l", "127.0.0.1", "0"});
  const std::string port = server.port("Bound on 127.0.0.1 ");
  for (int i = 0; i < 2; ++i) {
    Fed client("command", {"-u", "-n", "-v", "127.0.0.1", port});
    client.says("Connection to 127.0.0.1 ");
    EXPECT_EQ(server.out.line(), "command");
    client.signal(SIGTERM);
    (void)client.wait();
  }
  expect_silent_to_the_end(server);
}

// Both are there after the transfer, asleep; with -q -1 for ever.
TEST(NetcatOpenBsd, UdpSleep) {
  Fed server("greeting", {"-u", "-q", "-1", "-n", "-v", "-l", "127.0.0.1", "0"});
  Fed client("command", {"-u", "-q", "-1", "-n", "127.0.0.1", server.port("Bound on ")});
  EXPECT_EQ(client.out.line(), "greeting");
  EXPECT_EQ(server.out.line(), "command");
  const Millis before = client.cpu_time() + server.cpu_time();
  EXPECT_TRUE(client.lives_for(Millis(1500)));
  EXPECT_TRUE(server.lives_for(kSilence));
  EXPECT_LT(client.cpu_time() + server.cpu_time() - before, kSilence);
}

// ---- Unix-domain streams ----

void expect_unix_talk(const Words& options) {
  const TempDir dir;
  const std::string path = dir.path("server.sock");
  Fed server("greeting", with(options, {"-l", path}));
  server.says("Listening on " + path);
  Fed client("command", with(options, {path}));
  EXPECT_EQ(client.finished(), "greeting\n");
  EXPECT_EQ(server.finished(), "command\n");
  EXPECT_EQ(server.said, "Bound on " + path + "\nListening on " + path +
                             "\nConnection received on " + path + "\n");
  EXPECT_EQ(client.said, "");
}

TEST(NetcatOpenBsd, Unix) { expect_unix_talk({"-U", "-n", "-v"}); }

TEST(NetcatOpenBsd, UnixNamelookup) { expect_unix_talk({"-U", "-v"}); }

// One client, nobody any more, and no such path.
TEST(NetcatOpenBsd, UnixProbe) {
  const TempDir dir;
  const std::string path = dir.path("server.sock");
  Process server({"netcat", "-U", "-n", "-v", "-l", path}, {.in = Stdio::null()});
  while (server.err.line() != "Listening on " + path) continue;
  const Words probe{"netcat", "-N", "-U", "-v", path};
  const Outcome first = run(probe);
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(first.out + first.err, "");
  EXPECT_EQ(finish(server).err, "Connection received on " + path + "\n");
  Listener::unix_socket(path).close();  // netcat has removed its own
  const Outcome refused = run(probe);
  EXPECT_EQ(refused.status, 4);
  EXPECT_THAT(refused.err, HasSubstr("connect to " + path + " failed: Connection refused"));
  EXPECT_EQ(unlink(path.c_str()), 0);
  const Outcome absent = run(probe);
  EXPECT_EQ(absent.status, 6);
  EXPECT_THAT(absent.err, HasSubstr("connect to " + path + " failed: No such file or directory"));
}

TEST(NetcatOpenBsd, UnixKeepWithNoShutdown) {
  const TempDir dir;
  const std::string path = dir.path("server.sock");
  Fed server("greeting", {"--no-shutdown", "-k", "-U", "-n", "-v", "-l", path});
  server.says("Listening on " + path);
  for (const bool is_first : {true, false}) {
    Fed client("command", {"--no-shutdown", "-U", "-n", "-v", path});
    server.says("Connection received on " + path);
    EXPECT_EQ(server.out.line(), "command");
    if (is_first) {
      EXPECT_EQ(client.out.line(), "greeting");
    }
    EXPECT_TRUE(client.lives_for(kSilence));
    client.signal(SIGTERM);
    const Outcome end = finish(client);
    EXPECT_EQ(end.status, 128 + SIGTERM);
    EXPECT_EQ(end.out + end.err, "");
  }
}

// ---- Unix-domain datagrams ----

// A client without a path of its own has an abstract name.
void expect_unix_datagrams(const Words& options, const std::string& client_socket = "") {
  const TempDir dir;
  const std::string path = dir.path("server.sock");
  Fed server("greeting", with(options, {"-l", path}));
  server.says("Bound on " + path);
  const std::string own = client_socket.empty() ? "" : dir.path(client_socket);
  Fed client("command", with(own.empty() ? options : with(options, {"-s", own}), {path}));
  client.says("Bound on " + (own.empty() ? "@" : own));
  EXPECT_EQ(client.finished(), "greeting\n");
  EXPECT_EQ(server.finished(), "command\n");
  EXPECT_EQ(server.said, "Bound on " + path + "\nConnection received on " + path + "\n");
  EXPECT_THAT(client.said, Not(HasSubstr("succeeded")));
}

TEST(NetcatOpenBsd, UnixDgram) { expect_unix_datagrams({"-U", "-u", "-n", "-v"}); }

TEST(NetcatOpenBsd, UnixDgramNamelookup) { expect_unix_datagrams({"-U", "-u", "-v"}); }

TEST(NetcatOpenBsd, UnixDgramClientsock) {
  expect_unix_datagrams({"-U", "-u", "-n", "-v"}, "client.sock");
}

TEST(NetcatOpenBsd, UnixDgramKeep) {
  const TempDir dir;
  const std::string path = dir.path("server.sock");
  Fed server("greeting", {"-k", "-U", "-u", "-n", "-v", "-l", path});
  server.says("Bound on " + path);
  for (int i = 0; i < 2; ++i) {
    Fed client("command", {"-U", "-u", "-n", "-v", path});
    client.says("Bound on ");
    EXPECT_EQ(server.out.line(), "command");
    if (i == 0) {
      EXPECT_EQ(client.out.line(), "greeting");  // the server's input is for the first
    }
    client.signal(SIGTERM);
    EXPECT_THAT(finish(client).err, Not(HasSubstr("succeeded")));
  }
  expect_silent_to_the_end(server);
}

}  // namespace
}  // namespace e2e
