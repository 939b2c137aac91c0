// netcat --tls and other implementations, as servers and as clients: OpenSSL's, GnuTLS', ncat,
// socat; and nginx.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "session.h"
#include "tls_peer.h"

namespace e2e {
namespace {

using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;
using testing::StartsWith;

// How another program ends a session.
enum : unsigned {
  kNotifies = 1,      // with a close_notify of its own, whoever ends first
  kAnswersLate = 2,   // it still sends what it reads after our close_notify
  kEchoes = 4,        // and sends nothing else
  kMayNotNotify = 8,  // after our close_notify it does not always send its own
};

struct Program {
  std::string name;
  bool listens;
  unsigned manners;
  std::string banner;  // what it prints before the data
  Words (*argv)(const std::string& port);
};

void PrintTo(const Program& peer, std::ostream* out) { *out << peer.name; }

const Program kPrograms[] = {
    {"GnutlsServer", true, kNotifies | kEchoes, "",
     [](const std::string& port) -> Words {
       return {"gnutls-serv",   "--echo",        "-q",           "-p", port, "--x509certfile",
               pki("good.crt"), "--x509keyfile", pki("good.key")};
     }},
    {"OpensslServer", true, kNotifies, "",
     [](const std::string& port) -> Words {
       return {"openssl", "s_server",          "-quiet", "-naccept",     "1",
               "-accept", "127.0.0.1:" + port, "-cert",  pki("good.pem")};
     }},
    {"NcatServer", true, kMayNotNotify, "",
     [](const std::string& port) -> Words {
       return {"ncat",          "-l",        "--ssl", "--ssl-cert", pki("good.crt"), "--ssl-key",
               pki("good.key"), "127.0.0.1", port};
     }},
    {"SocatServer", true, kNotifies | kAnswersLate, "",
     [](const std::string& port) -> Words {
       return {"socat",
               "OPENSSL-LISTEN:" + port + ",bind=127.0.0.1,verify=0,cert=" + pki("good.pem"),
               "STDIO"};
     }},
    {"OpensslClient", false, kNotifies, "",
     [](const std::string& port) -> Words {
       return {"openssl",           "s_client", "-quiet",      "-no_ign_eof",         "-connect",
               "127.0.0.1:" + port, "-CAfile",  pki("ca.pem"), "-verify_return_error"};
     }},
    {"GnutlsClient", false, kNotifies | kMayNotNotify, "Simple Client Mode:\n\n",
     [](const std::string& port) -> Words {
       return {"gnutls-cli", "--x509cafile", pki("ca.pem"), "-p", port, "127.0.0.1"};
     }},
    {"NcatClient", false, kAnswersLate | kMayNotNotify, "",
     [](const std::string& port) -> Words {
       return {"ncat",      "--ssl", "--ssl-verify", "--ssl-trustfile", pki("ca.pem"),
               "localhost", port};
     }},
    {"SocatClient", false, kNotifies | kAnswersLate, "",
     [](const std::string& port) -> Words {
       return {"socat", "-", "OPENSSL:localhost:" + port + ",pf=ip4,cafile=" + pki("ca.pem")};
     }},
};

// The peer and netcat, after a line in each direction.
class NetcatTlsPeer : public testing::TestWithParam<Program> {
 protected:
  void SetUp() override {
    const Program& it = GetParam();
    const std::string program = it.argv("0").front();
    if (!installed(program)) GTEST_SKIP() << program << " is not installed";
    if (it.listens) {
      const std::string port = std::to_string(free_port());
      peer_ = std::make_unique<Process>(it.argv(port), all_pipes());
      own_ = std::make_unique<Process>(
          netcat_argv(trusting({"--wait", "-w", "20"}), {"127.0.0.1", port}), all_pipes());
      netcat_ = own_.get();
    } else {
      listening_ =
          std::make_unique<Listening>(Words{"--half-open", "--tls", "--tls-cert", pki("good.pem")});
      netcat_ = &listening_->netcat;
      peer_ = std::make_unique<Process>(it.argv(std::to_string(listening_->port)), all_pipes());
    }
    exchange();
  }

  void exchange() {
    if (!GetParam().banner.empty()) peer_->out.take_until(GetParam().banner);
    netcat_->in.send("from netcat\n");
    if (has(kEchoes)) {
      EXPECT_EQ(netcat_->out.line(), "from netcat");
      return;
    }
    EXPECT_EQ(peer_->out.line(), "from netcat");
    peer_->in.send("from peer\n");
    EXPECT_EQ(netcat_->out.line(), "from peer");
  }

  static bool has(unsigned manner) { return (GetParam().manners & manner) != 0; }

  // A peer that sends no close_notify is not a success.
  void expect_end(const std::string& out, bool certainly_good) {
    const Outcome end = finish(*netcat_);
    EXPECT_EQ(end.out, out);
    EXPECT_THAT(end.status, AnyOf(Eq(0), Eq(certainly_good ? 0 : 1))) << end.err;
    if (end.status == 1) {
      EXPECT_THAT(end.err, HasSubstr("ended without TLS's close_notify"));
    }
  }

  std::unique_ptr<Process> peer_;
  std::unique_ptr<Process> own_;
  std::unique_ptr<Listening> listening_;
  Process* netcat_ = nullptr;
};

TEST_P(NetcatTlsPeer, OurEndIsItsEnd) {
  netcat_->in.send("the last\n");
  netcat_->in.close();
  std::string late;
  if (has(kEchoes)) late = "the last\n";
  if (!has(kEchoes)) {
    EXPECT_EQ(peer_->out.line(), "the last");
  }
  if (has(kAnswersLate)) {
    late = "late answer\n";
    peer_->in.send(late);
    peer_->in.close();
  }
  expect_end(late, has(kNotifies) && !has(kMayNotNotify));
}

class NetcatTlsTalker : public NetcatTlsPeer {};

TEST_P(NetcatTlsTalker, ItsEndIsOurs) {
  peer_->in.send("the last\n");
  peer_->in.close();
  EXPECT_EQ(netcat_->out.line(), "the last");
  EXPECT_EQ(netcat_->out.rest(), "");
  netcat_->in.close();
  expect_end("", has(kNotifies));
}

TEST_P(NetcatTlsPeer, ItsDeathIsALoss) {
  peer_->signal(SIGKILL);
  const Outcome end = finish(*netcat_);
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.err, AnyOf(HasSubstr("ended without TLS's close_notify"), HasSubstr("reset")));
}

INSTANTIATE_TEST_SUITE_P(Peers, NetcatTlsPeer, testing::ValuesIn(kPrograms), kNameOf);
// All but the first, which never ends by itself.
INSTANTIATE_TEST_SUITE_P(Peers, NetcatTlsTalker,
                         testing::ValuesIn(std::begin(kPrograms) + 1, std::end(kPrograms)),
                         kNameOf);

// ---- a pre-shared key, in both roles ----

const std::string kKey(64, '7');

TEST(NetcatTlsPskPeers, OpensslServes) {
  if (!installed("openssl")) GTEST_SKIP() << "openssl is not installed";
  const TempDir dir;
  const std::string file = dir.file("psk", "me:" + kKey + "\n");
  const std::string port = std::to_string(free_port());
  Process server({"openssl", "s_server", "-quiet", "-naccept", "1", "-accept", "127.0.0.1:" + port,
                  "-nocert", "-tls1_3", "-psk_identity", "me", "-psk", kKey},
                 all_pipes());
  const Words argv{"netcat", "--tls", "--tls-psk", file, "--wait", "-w", "20", "127.0.0.1", port};
  Process netcat(argv, all_pipes());
  netcat.in.send("question\n");
  EXPECT_EQ(server.out.line(), "question");
  server.in.send("answer\n");
  EXPECT_EQ(netcat.out.line(), "answer");
  netcat.in.close();
  const Outcome end = finish(netcat);
  EXPECT_EQ(end.status, 0) << end.err;
}

TEST(NetcatTlsPskPeers, OpensslConnects) {
  if (!installed("openssl")) GTEST_SKIP() << "openssl is not installed";
  const TempDir dir;
  const std::string file = dir.file("psk", "me:" + kKey + "\n");
  Listening s({"--tls", "--tls-psk", file});
  const std::string address = "127.0.0.1:" + std::to_string(s.port);
  const auto client = [&](const std::string& key) {
    return Words{"openssl", "s_client",      "-quiet", "-no_ign_eof", "-connect", address,
                 "-tls1_3", "-psk_identity", "me",     "-psk",        key};
  };
  EXPECT_NE(run(client(std::string(64, '8'))).status, 0);
  EXPECT_THAT(s.netcat.err.line(), HasSubstr("has a different pre-shared key (--tls-psk)"));
  Process good(client(kKey), all_pipes());
  good.in.send("question\n");
  EXPECT_EQ(s.netcat.out.line(), "question");
  good.in.close();
  EXPECT_EQ(finish(s.netcat).status, 0);
}

// ---- nginx in front of a slow server ----

// It takes a FIN for the client's leaving, and throws the answer away.  Once it has read our
// close_notify it does not send its own.
TEST(NetcatTlsPeers, NginxAnswersLate) {
  if (!installed("nginx")) GTEST_SKIP() << "nginx is not installed";
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
