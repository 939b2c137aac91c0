// netcat -l --tls: who becomes the client, and who does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <list>
#include <string>
#include <vector>

#include "session.h"
#include "tls_peer.h"

namespace e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

Words serving(const Words& more = {}) {
  return with({"--tls", "--tls-cert", pki("good.pem")}, more);
}

TlsPeer connected(const Listening& netcat, const TlsSettings& how = {}) {
  TlsPeer client = TlsPeer::client(netcat.connect(), how);
  const std::string why = client.handshake();
  if (!why.empty()) fail("handshake: " + why);
  return client;
}

TEST(NetcatTlsListen, ServesOneClient) {
  Listening s(serving());
  TlsPeer client = connected(s);
  client.send("question");
  EXPECT_EQ(s.netcat.out.take(8), "question");
  s.netcat.in.send("answer");
  EXPECT_EQ(client.take(6), "answer");
  client.close_notify();
  s.netcat.in.close();
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(finish(s.netcat).status, 0);
}

TEST(NetcatTlsListen, SpeaksTls12) {
  Listening s(serving());
  TlsPeer client = connected(s, {.version_max = TLS1_2_VERSION});
  EXPECT_EQ(client.version(), "TLSv1.2");
  s.netcat.in.send("answer");
  EXPECT_EQ(client.take(6), "answer");
}

TEST(NetcatTlsListen, MakesACertificateAndPrintsItsPin) {
  Listening s({"--tls"});
  const std::string line = s.netcat.err.line();
  ASSERT_THAT(line, MatchesRegex("netcat: certificate sha256:[0-9a-f]*"));
  const std::string pin = line.substr(line.rfind(' ') + 1);
  const Outcome client =
      run({"netcat", "--tls", "--tls-pin", pin, "127.0.0.1", std::to_string(s.port)}, "hello");
  EXPECT_EQ(client.status, 0) << client.err;
  EXPECT_EQ(finish(s.netcat).out, "hello");
}

TEST(NetcatTlsListen, PrintsThePinWithoutVerbose) {
  Process netcat({"netcat", "-l", "--tls", "127.0.0.1", "0"});
  EXPECT_THAT(netcat.err.line(), StartsWith("netcat: certificate sha256:"));
}

TEST(NetcatTlsListen, AFailedHandshakeIsNoClient) {
  Listening s(serving());
  const std::string sent[] = {"GET / HTTP/1.1\r\n\r\n", "", "\x16\x03\x01\x02"};
  for (const std::string& bytes : sent) {
    Socket stranger = s.connect();
    if (!bytes.empty()) stranger.send(bytes);
    stranger.finish();
    EXPECT_THAT(s.netcat.err.line(), StartsWith("Connection from 127.0.0.1 "));
  }
  TlsPeer client = connected(s);
  EXPECT_THAT(s.netcat.err.line(), StartsWith("Connection received on 127.0.0.1 "));
  client.send("hello");
  EXPECT_EQ(s.netcat.out.take(5), "hello");
}

TEST(NetcatTlsListen, SaysWhatAStrangerSent) {
  Listening s(serving());
  Socket stranger = s.connect();
  stranger.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(s.netcat.err.line(),
              MatchesRegex("Connection from 127.0.0.1 [0-9]* failed: does not speak TLS "
                           "\\(it sent \"GET / HTTP/1.1\"\\)"));
}

TEST(NetcatTlsListen, SilentClientsDoNotKeepOthersOut) {
  for (const bool many : {false, true}) {
    Listening s(many ? serving({"-k"}) : serving());
    std::list<Socket> silent;
    for (int i = 0; i < 8; ++i) silent.push_back(s.connect());
    TlsPeer client = connected(s);
    client.send("hello");
    EXPECT_EQ(s.netcat.out.take(5), "hello");
    if (many) continue;
    for (Socket& one : silent) EXPECT_EQ(one.rest(), "");  // let go
  }
}

TEST(NetcatTlsListen, BeyondSixteenHandshakesClientsWait) {
  Listening s(serving({"-k"}));
  std::list<Socket> silent;
  for (int i = 0; i < 16; ++i) silent.push_back(s.connect());
  wait_until("16 connections", [&] {
    int sockets = 0;
    for (int fd = 0; fd < 64; ++fd) sockets += s.netcat.descriptor(fd).starts_with("socket:");
    return sockets >= 17;
  });
  TlsPeer client = TlsPeer::client(s.connect());
  EXPECT_TRUE(client.has_no_fin());
  silent.pop_back();
  EXPECT_EQ(client.handshake(), "");
}

TEST(NetcatTlsListen, ServesManyAtOnce) {
  Listening s(serving({"-k"}));
  TlsPeer first = connected(s);
  TlsPeer second = connected(s, {.version_max = TLS1_2_VERSION});
  first.send("one\n");
  EXPECT_EQ(s.netcat.out.line(), "one");
  second.send("two\n");
  EXPECT_EQ(s.netcat.out.line(), "two");
  s.netcat.in.send("to all\n");
  EXPECT_EQ(first.take(7), "to all\n");
  EXPECT_EQ(second.take(7), "to all\n");
  first.close_notify();
  s.netcat.in.close();
  EXPECT_EQ(second.rest(), "");
}

TEST(NetcatTlsListen, FailedHandshakesTakeNoPlace) {
  Listening s(serving({"-k", "--max-conns", "1"}));
  for (int i = 0; i < 3; ++i) s.connect().reset();
  TlsPeer first = connected(s);
  first.send("one\n");
  EXPECT_EQ(s.netcat.out.line(), "one");
  TlsPeer second = TlsPeer::client(s.connect());
  EXPECT_TRUE(second.has_no_fin());
  first.close_notify();
  first.close();
  EXPECT_EQ(second.handshake(), "");
  second.send("two\n");
  EXPECT_EQ(s.netcat.out.line(), "two");
}

TEST(NetcatTlsListen, TheTimeLimitIsForAClientThatComesThrough) {
  Listening s(serving({"-w", "0.5"}));
  Socket silent = s.connect();
  const Outcome end = finish(s.netcat);
  EXPECT_EQ(end.status, 5);
  EXPECT_THAT(end.err, HasSubstr("(-w)"));
}

TEST(NetcatTlsListen, VerifiesClientsIfItHasACa) {
  Listening s(serving({"-k", "--tls-ca", pki("ca.pem")}));
  TlsPeer alice = connected(s, {.certificate = pki("client.pem")});
  alice.send("hello");
  EXPECT_EQ(s.netcat.out.take(5), "hello");
  EXPECT_THAT(s.netcat.err.take_until("sha256:"),
              HasSubstr("TLS_AES_256_GCM_SHA384, CN=alice, valid until 2045-01-01, sha256:"));
  s.netcat.err.line();
  const std::pair<TlsSettings, const char*> refused[] = {
      {{}, "sent no certificate"},
      {{.certificate = pki("stranger.pem")},
       "certificate is not signed by an authority that this machine trusts"},
      {{.certificate = pki("expired.pem")}, "certificate has expired (2021-01-01)"},
  };
  for (const auto& [how, why] : refused) {
    TlsPeer other = TlsPeer::client(s.connect(), how);
    (void)other.handshake();
    EXPECT_THROW(other.take(1), std::runtime_error) << why;
    EXPECT_THAT(s.netcat.err.line(), HasSubstr(why));
  }
}

TEST(NetcatTlsListen, VerifiesClientsByPin) {
  std::string hex = read_file(pki("client.sha256"));
  hex.pop_back();
  Listening s(serving({"-k", "--tls-pin", "sha256:" + hex}));
  TlsPeer alice = connected(s, {.certificate = pki("client.pem")});
  alice.send("hello");
  EXPECT_EQ(s.netcat.out.take(5), "hello");
  TlsPeer other = TlsPeer::client(s.connect(), {.certificate = pki("stranger.pem")});
  (void)other.handshake();
  EXPECT_THROW(other.take(1), std::runtime_error);
}

TEST(NetcatTlsListen, ChoosesAnApplicationProtocol) {
  Listening s(serving({"-k", "--alpn", "h2,http/1.1"}));
  TlsPeer client = connected(s, {.alpn = "\x03xyz\x08http/1.1"});
  EXPECT_THAT(s.netcat.err.line() + s.netcat.err.line(), HasSubstr(", ALPN http/1.1"));
  TlsPeer other = TlsPeer::client(s.connect(), {.alpn = "\x03xyz"});
  EXPECT_EQ(other.handshake(), "tlsv1 alert no application protocol");
  EXPECT_THAT(s.netcat.err.line(), HasSubstr("no application protocol in common"));
}

TEST(NetcatTlsListen, JsonHasTheClientsName) {
  Process netcat(netcat_argv(serving({"-l", "--json"}), {"127.0.0.1", "0"}), all_pipes());
  const std::string line = netcat.err.line();
  const int port = std::stoi(line.substr(line.find("\"port\":") + 7));
  connect_tcp("127.0.0.1", port).finish();
  EXPECT_THAT(netcat.err.line(), AllOf(HasSubstr("\"event\":\"error\""), HasSubstr("handshake")));
  TlsPeer client = TlsPeer::client(connect_tcp("127.0.0.1", port), {.server_name = "some.name"});
  EXPECT_EQ(client.handshake(), "");
  EXPECT_THAT(netcat.err.line(), HasSubstr("\"event\":\"connected\""));
  EXPECT_THAT(netcat.err.line(),
              AllOf(HasSubstr("\"event\":\"tls\""), HasSubstr("\"server_name\":\"some.name\""),
                    HasSubstr("\"verified\":\"no\"")));
  netcat.in.close();
  EXPECT_EQ(client.rest(), "");
  client.socket().finish();
  EXPECT_THAT(netcat.err.line(),
              AllOf(HasSubstr("\"event\":\"closed\""), HasSubstr("\"tls_end\":\"missing\"")));
  EXPECT_EQ(finish(netcat).status, 1);
}

TEST(NetcatTlsListen, AbandonedHandshakesLeaveNothingBehind) {
  Listening s(serving({"-k"}));
  const auto descriptors = [&] {
    int count = 0;
    for (int fd = 0; fd < 64; ++fd) count += !s.netcat.descriptor(fd).empty();
    return count;
  };
  const int before = descriptors();
  for (int i = 0; i < 200; ++i) {
    Socket one = s.connect();
    if (i % 3 == 0) one.send("\x16\x03\x01");
    if (i % 3 == 1) one.reset();
  }
  TlsPeer client = connected(s);
  client.send("hello");
  EXPECT_EQ(s.netcat.out.take(5), "hello");
  client.close();
  wait_until("no descriptor left behind", [&] { return descriptors() == before; });
}

// And nothing of what an outer netcat has told.
TEST(NetcatTlsListen, AProgramIsToldAboutTls) {
  const std::string tell =
      "echo \"$NETCAT_TLS_VERSION/$NETCAT_TLS_CIPHER/$NETCAT_TLS_ALPN/$NETCAT_TLS_SNI/"
      "$NETCAT_TLS_PEER_SUBJECT/$NETCAT_TLS_PEER_SHA256\"";
  Listening s(serving({"-c", tell, "--tls-ca", pki("ca.pem"), "--alpn", "b,c"}),
              {.env = {"NETCAT_TLS_PEER_SUBJECT=CN=outer"}});
  TlsPeer client = TlsPeer::client(s.connect(), {.certificate = pki("client.pem"),
                                                 .alpn = std::string("\1a\1b", 4),
                                                 .server_name = "some.name"});
  EXPECT_EQ(client.handshake(), "");
  const std::string digest = read_file(pki("client.sha256"));
  EXPECT_EQ(client.rest(), "TLS 1.3/TLS_AES_256_GCM_SHA384/b/some.name/CN=alice/" + digest);
  client.close_notify();
  client.close();
  EXPECT_EQ(s.netcat.wait(), 0) << s.netcat.err.available();
}

TEST(NetcatTlsListen, AProgramIsNotToldWhatThereIsNot) {
  Listening s(serving({"-c", "env | grep NETCAT_TLS_ | sort | cut -d = -f 1"}),
              {.env = {"NETCAT_TLS_PEER_SUBJECT=CN=outer"}});
  TlsPeer client = connected(s);
  EXPECT_EQ(client.rest(), "NETCAT_TLS_CIPHER\nNETCAT_TLS_VERSION\n");
  client.close_notify();
  client.close();
  EXPECT_EQ(s.netcat.wait(), 0) << s.netcat.err.available();
}

TEST(NetcatTlsScan, LooksAtCertificates) {
  Listening good(serving({"-k"}));
  Listening other({"-k", "--tls", "--tls-cert", pki("other_name.pem")});
  Listener plain = Listener::tcp();
  const auto scan = [](const Words& options, const std::vector<int>& ports) {
    Words operands{"localhost"};
    for (const int port : ports) operands.push_back(std::to_string(port));
    return run(netcat_argv(with({"-4", "-z"}, options), operands));
  };
  EXPECT_EQ(scan(trusting(), {good.port}).status, 0);
  const Outcome said = scan(trusting({"-v"}), {good.port});
  EXPECT_THAT(said.err, AllOf(HasSubstr("succeeded!\nTLS 1.3, "), HasSubstr("CN=localhost")));
  const Outcome wrong = scan(trusting(), {other.port});
  EXPECT_EQ(wrong.status, 10);
  EXPECT_THAT(wrong.err, HasSubstr("certificate is not for this name"));
  const Outcome event = scan(trusting({"-v", "--json"}), {other.port});
  EXPECT_THAT(event.err, HasSubstr("certificate is not for this name"));
  EXPECT_EQ(scan(trusting(), {good.port, other.port}).status, 0);
  EXPECT_NE(scan(trusting({"-w", "0.5"}), {other.port, plain.port()}).status, 0);
  EXPECT_EQ(scan(trusting({"--tls-days", "50000"}), {good.port}).status, 10);
  EXPECT_EQ(scan(trusting({"-w", "0.3"}), {plain.port()}).status, 5);
}

}  // namespace
}  // namespace e2e
