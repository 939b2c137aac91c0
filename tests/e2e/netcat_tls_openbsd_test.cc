// The 18 cases of OpenBSD's regress/usr.bin/nc with TLS, under their names and in netcat's words,
// and some more: a server that greets, a client that commands, and what becomes of the two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "session.h"
#include "tls_peer.h"

namespace e2e {
namespace {

using testing::HasSubstr;

std::string pin(const std::string& name) {
  std::string hex = read_file(pki(name));
  hex.pop_back();
  return "sha256:" + hex;
}
const std::string kWrongPin = "sha256:" + std::string(64, 'a');

struct Case {
  const char* name;
  Words server;
  Words client;
  const char* client_says;  // empty: both get what the other has sent
  const char* server_says;
};

void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }

Case row(const char* name, const Words& server, const Words& client, const char* client_says = "",
         const char* server_says = "") {
  return {name, with({"--tls", "--tls-cert", pki("good.pem")}, server), with({"--tls"}, client),
          client_says, server_says};
}

std::vector<Case> cases() {
  const Words ca{"--tls-ca", pki("ca.pem")};
  const Words client{"--tls-ca", pki("ca.pem"), "--tls-cert", pki("client.pem")};
  return {
      // The server's own certificate in place of an authority's.
      row("tls", {}, {"--tls-ca", pki("good.crt")}),
      row("tls-no-ca", {}, {}, "not signed by an authority", "refused by the peer: unknown CA"),
      row("tls-bad-ca", {}, {"--tls-ca", pki("other_ca.pem")}, "not signed by an authority",
          "unknown CA"),
      row("tls-name", {}, with(ca, {"--tls-name", "localhost"})),
      row("tls-bad-name", {}, with(ca, {"--tls-name", "nowhere"}), "not for this name",
          "refused by the peer"),
      row("tls-hash", {}, {"--tls-pin", pin("good.sha256")}),
      row("tls-bad-hash", {}, {"--tls-pin", kWrongPin}, "not the pinned one", "bad certificate"),
      row("tls-client", ca, client),
      row("tls-bad-client", ca, ca, "certificate required", "sent no certificate"),
      row("tls-client-bad-ca", {"--tls-ca", pki("other_ca.pem")}, client, "unknown CA",
          "not signed by an authority"),
      row("tls-client-hash", {"--tls-pin", pin("client.sha256")}, client),
      row("tls-client-bad-hash", {"--tls-pin", kWrongPin}, client, "bad certificate",
          "not the pinned one"),
      // There, a certificate is optional for a client; here, --tls-pin requires one.
      row("tls-client-no-hash", {"--tls-pin", pin("client.sha256")}, ca, "certificate required",
          "sent no certificate"),
      row("tls-versions", {"--tls-version", "1.3"}, with(ca, {"--tls-version", "1.2-1.2"}),
          "no protocol version in common", "no protocol version in common"),
      row("tls-old", {"--tls-version", "1.2-1.2"}, ca),
  };
}

class NetcatTlsOpenbsd : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Cases, NetcatTlsOpenbsd, testing::ValuesIn(cases()));

TEST_P(NetcatTlsOpenbsd, ServerAndClient) {
  const Case& row = GetParam();
  Listening server(row.server);
  Process client(netcat_argv(row.client, {"127.0.0.1", std::to_string(server.port)}), all_pipes());
  server.netcat.in.send("greeting\n");
  client.in.send("command\n");
  if (*row.client_says == '\0') {
    EXPECT_EQ(client.out.line(), "greeting");
    EXPECT_EQ(server.netcat.out.line(), "command");
    client.in.close();
    server.netcat.in.close();
    const Outcome end = finish(client);
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(finish(server.netcat).status, 0);
    return;
  }
  const Outcome end = finish(client);
  EXPECT_EQ(end.status, 10);
  EXPECT_EQ(end.out, "");
  EXPECT_THAT(end.err, HasSubstr(row.client_says));
  EXPECT_THAT(server.netcat.err.line(), HasSubstr(row.server_says));
  EXPECT_TRUE(server.netcat.lives_for(kSilence));  // for a client that comes through
}

// tls6 and tls-localhost.
TEST(NetcatTlsOpenbsdAddress, IsVerifiedAsItIsGiven) {
  for (const char* host : {"::1", "localhost"}) {
    Process server({"netcat", "-v", "-l", "--tls", "--tls-cert", pki("good.pem"), host, "0"},
                   all_pipes());
    const std::string listening = server.err.line();  // by the name of ::1, if it has one
    const std::string port = listening.substr(listening.rfind(' ') + 1);
    Process client(netcat_argv(trusting(), {host, port}), all_pipes());
    server.in.send("greeting\n");
    client.in.send("command\n");
    EXPECT_EQ(client.out.line(), "greeting");
    EXPECT_EQ(server.out.line(), "command");
  }
}

// tls-client-name and tls-client-bad-name: a client is not known by a host's name, but by its
// authority or its pin.
TEST(NetcatTlsOpenbsdClientName, IsAUsageError) {
  const Outcome end = run({"netcat", "-l", "--tls", "--tls-name", "localhost", "--tls-ca",
                           pki("ca.pem"), "127.0.0.1", "0"});
  EXPECT_EQ(end.status, 2);
  EXPECT_THAT(end.err, HasSubstr("clients are verified by authority or pin"));
}

TEST(NetcatTlsOpenbsdKeep, ServesOneAfterAnother) {
  Listening server({"-k", "-d", "--tls", "--tls-cert", pki("good.pem")});
  for (const char* text : {"first", "second"}) {
    const Outcome end = run(netcat_argv(trusting(), {"127.0.0.1", std::to_string(server.port)}),
                            std::string(text) + "\n", {});
    EXPECT_EQ(end.err, "");
    EXPECT_EQ(server.netcat.out.line(), text);
  }
}

TEST(NetcatTlsOpenbsdSleep, WaitsForALateInput) {
  Listening server({"--half-open", "--tls", "--tls-cert", pki("good.pem")});
  Process client(netcat_argv(trusting(), {"127.0.0.1", std::to_string(server.port)}), all_pipes());
  client.in.send("command\n");
  client.in.close();
  EXPECT_EQ(server.netcat.out.rest(), "command\n");  // the client's end
  EXPECT_TRUE(client.lives_for(kSilence));
  server.netcat.in.send("late greeting\n");
  server.netcat.in.close();
  EXPECT_EQ(finish(client).out, "late greeting\n");
}

}  // namespace
}  // namespace e2e
