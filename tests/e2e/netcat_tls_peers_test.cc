// netcat --tls and other implementations: OpenSSL's, GnuTLS', ncat, socat, nginx.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "session.h"
#include "tls_peer.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

#define REQUIRE_PROGRAM(name) \
  if (!installed(name)) GTEST_SKIP() << (name) << " is not installed"

// ---- servers of others ----

TEST(NetcatTlsPeers, TalksToOpenssl) {
  REQUIRE_PROGRAM("openssl");
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    Process server({"openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert",
                    pki("good.pem"), "-rev", version});
    const std::string ready = server.out.take_until("ACCEPT 127.0.0.1:");
    const std::string port = server.out.line();
    Process netcat(netcat_argv(trusting(), {"127.0.0.1", port}), all_pipes());
    netcat.in.send("abc\n");
    EXPECT_EQ(netcat.out.line(), "cba");
    netcat.in.send("CLOSE\n");  // s_server -rev ends the connection, with close_notify
    const Outcome end = finish(netcat);
    EXPECT_EQ(end.status, 0) << end.err;
  }
}

TEST(NetcatTlsPeers, IsTalkedToByOpenssl) {
  REQUIRE_PROGRAM("openssl");
  Listening s({"--tls", "--tls-cert", pki("good.pem")});
  Process client(
      {"openssl", "s_client", "-quiet", "-connect", "127.0.0.1:" + std::to_string(s.port),
       "-CAfile", pki("ca.pem"), "-verify_return_error"},
      all_pipes());
  client.in.send("hello\n");
  EXPECT_EQ(s.netcat.out.line(), "hello");
  s.netcat.in.send("answer\n");
  EXPECT_EQ(client.out.line(), "answer");
  s.netcat.in.close();
  EXPECT_EQ(client.out.rest(), "");
}

TEST(NetcatTlsPeers, TalksToGnutls) {
  REQUIRE_PROGRAM("gnutls-serv");
  const int port = free_port();
  Process server({"gnutls-serv", "--echo", "-q", "-p", std::to_string(port), "--x509certfile",
                  pki("good.crt"), "--x509keyfile", pki("good.key")});
  Process netcat(netcat_argv(trusting({"--wait", "-w", "20"}), {"127.0.0.1", std::to_string(port)}),
                 all_pipes());
  netcat.in.send("hello\n");
  EXPECT_EQ(netcat.out.line(), "hello");
}

TEST(NetcatTlsPeers, IsTalkedToByGnutls) {
  REQUIRE_PROGRAM("gnutls-cli");
  Listening s({"--tls", "--tls-cert", pki("good.pem")});
  Process client(
      {"gnutls-cli", "--x509cafile", pki("ca.pem"), "-p", std::to_string(s.port), "127.0.0.1"},
      all_pipes());
  client.out.take_until("Simple Client Mode");
  client.in.send("hello\n");
  EXPECT_EQ(s.netcat.out.line(), "hello");
  s.netcat.in.send("answer\n");
  client.out.take_until("answer\n");
}

TEST(NetcatTlsPeers, TalksToNcat) {
  REQUIRE_PROGRAM("ncat");
  const std::string port = std::to_string(free_port());
  Process server({"ncat", "-l", "--ssl", "--ssl-cert", pki("good.crt"), "--ssl-key",
                  pki("good.key"), "127.0.0.1", port},
                 all_pipes());
  Process netcat(netcat_argv(trusting({"--wait", "-w", "20"}), {"127.0.0.1", port}), all_pipes());
  netcat.in.send("hello\n");
  EXPECT_EQ(server.out.line(), "hello");
  server.in.send("answer\n");
  EXPECT_EQ(netcat.out.line(), "answer");
}

TEST(NetcatTlsPeers, IsTalkedToByNcat) {
  REQUIRE_PROGRAM("ncat");
  Listening s({"--tls", "--tls-cert", pki("good.pem")});
  Process client({"ncat", "--ssl", "--ssl-verify", "--ssl-trustfile", pki("ca.pem"), "localhost",
                  std::to_string(s.port)},
                 all_pipes());
  client.in.send("hello\n");
  EXPECT_EQ(s.netcat.out.line(), "hello");
  s.netcat.in.send("answer\n");
  EXPECT_EQ(client.out.line(), "answer");
}

TEST(NetcatTlsPeers, TalksToSocat) {
  REQUIRE_PROGRAM("socat");
  Process server({"socat", "-d", "-d",
                  "OPENSSL-LISTEN:0,bind=127.0.0.1,verify=0,cert=" + pki("good.pem"), "EXEC:cat"});
  server.err.take_until("listening on ");
  const std::string line = server.err.line();
  const std::string port = line.substr(line.rfind(':') + 1);
  Process netcat(netcat_argv(trusting(), {"127.0.0.1", port}), all_pipes());
  netcat.in.send("hello\n");
  EXPECT_EQ(netcat.out.line(), "hello");
}

TEST(NetcatTlsPeers, IsTalkedToBySocat) {
  REQUIRE_PROGRAM("socat");
  Listening s({"--tls", "--tls-cert", pki("good.pem"), "--tls-ca", pki("ca.pem")});
  Process client({"socat", "-",
                  "OPENSSL:localhost:" + std::to_string(s.port) +
                      ",pf=ip4,cafile=" + pki("ca.pem") + ",cert=" + pki("client.pem")},
                 all_pipes());
  client.in.send("hello\n");
  EXPECT_EQ(s.netcat.out.line(), "hello");
  s.netcat.in.send("answer\n");
  EXPECT_EQ(client.out.line(), "answer");
}

// ---- nginx in front of a slow server ----

// It takes a FIN for the client's leaving, and throws the answer away.  Once it has read our
// close_notify it does not send its own.
TEST(NetcatTlsPeers, NginxAnswersLate) {
  REQUIRE_PROGRAM("nginx");
  const TempDir dir;
  Listener backend = Listener::tcp();
  const std::string port = std::to_string(free_port());
  const std::string conf = dir.file(
      "nginx.conf",
      "daemon off; master_process off; pid " + dir.path("pid") + "; error_log " +
          dir.path("error.log") + "; events {} http { access_log " + dir.path("access.log") +
          "; client_body_temp_path " + dir.path("b") + "; proxy_temp_path " + dir.path("p") +
          "; fastcgi_temp_path " + dir.path("f") + "; uwsgi_temp_path " + dir.path("u") +
          "; scgi_temp_path " + dir.path("s") + "; server { listen 127.0.0.1:" + port +
          " ssl; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate " + pki("good.crt") +
          "; ssl_certificate_key " + pki("good.key") +
          "; location / { proxy_pass http://127.0.0.1:" + backend.port_text() + "; } } }");
  Process nginx({"nginx", "-c", conf, "-e", dir.path("error.log")});
  for (const Words& options :
       {Words{"--tls-version", "1.2-1.2", "--tls-allow-truncation"},
        Words{"--tls-version", "1.3", "--tls-allow-truncation"}, Words{"--no-shutdown"}}) {
    Process netcat(
        netcat_argv(trusting(with(options, {"-C", "--wait", "-w", "20"})), {"127.0.0.1", port}),
        all_pipes());
    netcat.in.send("GET / HTTP/1.0\nHost: localhost\n\n");
    netcat.in.close();
    Socket request = backend.accept();
    request.take_until("\r\n\r\n");
    EXPECT_TRUE(request.silent_for(kSilence));  // nginx would hang up
    request.send("HTTP/1.0 200 OK\r\n\r\nlate answer");
    request.finish();
    const Outcome end = finish(netcat);
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_THAT(end.out, StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(end.out, HasSubstr("late answer"));
  }
}

}  // namespace
}  // namespace e2e
