// TLS to a proxy (https://), through a proxy, and inside one another.
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <ostream>
#include <string>

#include "running_proxy.h"
#include "tls_peer.h"

namespace e2e {
namespace {

using testing::HasSubstr;

// The CA of the test in place of the system's.
Spawn trusting_ca(Stdio in = Stdio::pipe()) {
  return {.in = std::move(in), .env = {"SSL_CERT_FILE=" + pki("ca.pem")}};
}

// ---- a proxy that answers as the test says ----

struct HttpsProxy {
  explicit HttpsProxy(const Words& options = {}, Stdio in = Stdio::pipe(),
                      const Words& target = {"db.test", "5432"})
      : netcat(with(with({"netcat", "-w", "20", "-x", "https://localhost:" + server.port_text()},
                         options),
                    target),
               trusting_ca(std::move(in))) {}

  TlsPeer accept(const std::string& certificate = "good.pem") {
    return TlsPeer::server(server.accept(), {.certificate = pki(certificate)});
  }
  // Up to the end of the request, which is returned.
  TlsPeer take_request(std::string& request) {
    TlsPeer proxy = accept();
    EXPECT_EQ(proxy.handshake(), "");
    while (!request.ends_with("\r\n\r\n")) request += proxy.take(1);
    return proxy;
  }
  TlsPeer open(const std::string& behind = {}) {
    std::string request;
    TlsPeer proxy = take_request(request);
    EXPECT_EQ(request, "CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n\r\n");
    proxy.send("HTTP/1.1 200 OK\r\n\r\n" + behind);
    return proxy;
  }
  std::string name() const { return "proxy localhost:" + server.port_text(); }

  Listener server = Listener::tcp();
  Process netcat;
};

TEST(NetcatHttpsProxy, CarriesBothWaysAndWhatIsBehindTheAnswer) {
  HttpsProxy s;
  TlsPeer proxy = s.open("220 hello\r\n");
  EXPECT_EQ(s.netcat.out.line(), "220 hello\r");
  s.netcat.in.send("question\n");
  s.netcat.in.close();
  EXPECT_EQ(proxy.take(9), "question\n");
  EXPECT_TRUE(proxy.has_no_fin());
  const std::string answer = noise(300'000);
  proxy.send(answer);
  proxy.close_notify();
  const auto end = finish(s.netcat);
  EXPECT_TRUE(end.out == answer) << end.out.size();
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatHttpsProxy, AnEndWithoutCloseNotifyIsALoss) {
  HttpsProxy s({}, Stdio::null());
  TlsPeer proxy = s.open("half");
  proxy.socket().finish();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "half");
  EXPECT_THAT(end.err, HasSubstr("ended without TLS's close_notify: the data may be cut off"));
  EXPECT_EQ(end.status, 1);
}

TEST(NetcatHttpsProxy, SuchAnEndCanBeAllowed) {
  HttpsProxy s({"--tls-allow-truncation"}, Stdio::null());
  TlsPeer proxy = s.open("all");
  proxy.socket().finish();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "all");
  EXPECT_EQ(end.status, 0) << end.err;
}

TEST(NetcatHttpsProxy, IsVerifiedWhateverTheDestinationIs) {
  HttpsProxy s({"--tls", "--tls-verify=no"});
  TlsPeer proxy = s.accept("expired.pem");
  EXPECT_NE(proxy.handshake(), "");
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.err, "netcat: " + s.name() + ": certificate has expired (2021-01-01)\n");
  EXPECT_EQ(end.status, 11);
}

TEST(NetcatHttpsProxy, IsNotOneThatSpeaksNoTls) {
  HttpsProxy s;
  Socket proxy = s.server.accept();
  proxy.send("SSH-2.0-test\r\n");
  proxy.finish();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.err, "netcat: " + s.name() + ": does not speak TLS (it sent \"SSH-2.0-test\")\n");
  EXPECT_EQ(end.status, 11);
}

TEST(NetcatHttpsProxy, IsNotOneThatSpeaksNoHttp) {
  HttpsProxy s;
  std::string request;
  TlsPeer proxy = s.take_request(request);
  proxy.send("220 mail.test ESMTP\r\n");
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.err,
            "netcat: " + s.name() + ": does not speak HTTP (it sent \"220 mail.test ESMTP\")\n");
  EXPECT_EQ(end.status, 11);
}

TEST(NetcatHttpsProxy, ThatIsSilentTimesOut) {
  for (const bool speaks_tls : {false, true}) {
    HttpsProxy s({"-w", "1"});
    std::string request;
    Socket silent;
    std::unique_ptr<TlsPeer> proxy;
    if (speaks_tls)
      proxy = std::make_unique<TlsPeer>(s.take_request(request));
    else
      silent = s.server.accept();
    const auto end = finish(s.netcat);
    EXPECT_EQ(end.err, "netcat: " + s.name() + ": no answer in time (-w)\n");
    EXPECT_EQ(end.status, 5);
  }
}

TEST(NetcatHttpsProxy, IsReported) {
  HttpsProxy plain({"-v"}, Stdio::null());
  plain.open().close_notify();
  auto end = finish(plain.netcat);
  EXPECT_THAT(end.err, testing::StartsWith(plain.name() + ": TLS 1.3, "));
  EXPECT_THAT(end.err, HasSubstr("(by proxy localhost port " + plain.server.port_text() + ")"));
  HttpsProxy json({"--json"}, Stdio::null());
  json.open().close_notify();
  end = finish(json.netcat);
  EXPECT_THAT(end.err, HasSubstr("\"event\":\"tls\",\"protocol\":\"tcp\",\"proxy\":\"localhost:" +
                                 json.server.port_text() + "\",\"version\":\"TLS 1.3\""));
}

TEST(NetcatHttpsProxy, HasNoSocketToPass) {
  const auto end = run({"netcat", "-F", "-x", "https://localhost:1", "db.test", "1"});
  EXPECT_EQ(end.err,
            "netcat: -F does not work with an https proxy: the receiver would have no keys\n");
  EXPECT_EQ(end.status, 2);
}

// ---- real proxies, TLS to the destination ----

// haproxy with TLS in front of tinyproxy.
void start_https(RunningProxy& proxy, bool login) {
  RunningProxy plain;
  start_tinyproxy(plain, login);
  plain.wait_for(plain.port);
  const std::string conf =
      "defaults\n mode tcp\n timeout connect 20s\n timeout client 60s\n"
      " timeout server 60s\nlisten front\n bind 127.0.0.1:" +
      proxy.port_text() + " ssl crt " + pki("good.pem") +
      "\n server plain 127.0.0.1:" + plain.port_text() + "\n";
  proxy.processes = std::move(plain.processes);
  proxy.start({"/usr/sbin/haproxy", "-db", "-f", proxy.dir.file("conf", conf)});
}

struct Way {
  std::string name;
  Words programs;
  std::string scheme;
  void (*start)(RunningProxy& proxy, bool login);
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class TlsThroughProxy : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    for (const std::string& program : GetParam().programs)
      if (access(program.c_str(), X_OK) != 0) GTEST_SKIP() << program << " is missing";
    GetParam().start(proxy_, false);
    proxy_.wait_for(proxy_.port);
  }
  std::string url() const { return GetParam().scheme + "://localhost:" + proxy_.port_text(); }
  Words argv(const Words& options) {
    return with(with({"netcat", "-w", "20", "-x", url()}, options),
                {"localhost", server_.port_text()});
  }
  RunningProxy proxy_;
  Listener server_ = Listener::localhost();
};

TEST_P(TlsThroughProxy, CarriesQuestionAndLateAnswer) {
  Process netcat(argv({"--tls"}), trusting_ca());
  TlsPeer peer = TlsPeer::server(server_.accept());
  EXPECT_EQ(peer.handshake(), "");
  netcat.in.send("question\n");
  netcat.in.close();
  EXPECT_EQ(peer.rest(), "question\n");
  EXPECT_TRUE(peer.has_no_fin());
  const std::string answer = noise(1'000'000);
  peer.send(answer.substr(0, 30'000));
  EXPECT_EQ(netcat.out.take(30'000), answer.substr(0, 30'000));
  peer.close_notify();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "");
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

TEST_P(TlsThroughProxy, TellsOfAnEndWithoutCloseNotify) {
  Process netcat(argv({"--tls"}), trusting_ca());
  TlsPeer peer = TlsPeer::server(server_.accept());
  EXPECT_EQ(peer.handshake(), "");
  peer.send("half");
  peer.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "half");
  EXPECT_EQ(end.status, 1) << end.err;
}

TEST_P(TlsThroughProxy, VerifiesTheDestination) {
  Process netcat(argv({"--tls"}), trusting_ca());
  TlsPeer peer = TlsPeer::server(server_.accept(), {.certificate = pki("expired.pem")});
  EXPECT_NE(peer.handshake(), "");
  const auto end = finish(netcat);
  EXPECT_EQ(end.err, "netcat: localhost port " + server_.port_text() +
                         ": certificate has expired (2021-01-01)\n");
  EXPECT_EQ(end.status, 10);
}

TEST_P(TlsThroughProxy, CarriesBulkBothWays) {
  TempDir dir;
  const std::string data = noise(3'000'000);
  Process netcat(argv({"--tls"}), trusting_ca(Stdio::file(dir.file("in", data))));
  TlsPeer peer = TlsPeer::server(server_.accept());
  EXPECT_EQ(peer.handshake(), "");
  EXPECT_TRUE(peer.rest() == data);
  peer.close_notify();
  EXPECT_EQ(finish(netcat).status, 0);
}

// Without TLS to the destination: the proxy's end is the peer's.
TEST_P(TlsThroughProxy, CarriesPlainData) {
  Process netcat(argv({}), trusting_ca());
  Socket peer = server_.accept();
  netcat.in.send("question\n");
  netcat.in.close();
  EXPECT_EQ(peer.line(), "question");
  peer.send("answer\n");
  peer.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "answer\n");
  EXPECT_EQ(end.status, 0) << end.err;
}

const Way kWays[] = {
    {"Socks", {"/usr/bin/microsocks"}, "socks5", start_microsocks},
    {"Http", {"/usr/bin/tinyproxy"}, "http", start_tinyproxy},
    {"Squid", {"/usr/sbin/squid"}, "http", start_squid},
    {"Https", {"/usr/bin/tinyproxy", "/usr/sbin/haproxy"}, "https", start_https},
};
INSTANTIATE_TEST_SUITE_P(Ways, TlsThroughProxy, testing::ValuesIn(kWays), kNameOf);

// TLS to the second proxy inside TLS to the first, and to the destination inside both.
TEST(TlsThroughProxies, AChainOfTwo) {
  for (const char* program : {"/usr/bin/tinyproxy", "/usr/sbin/haproxy"})
    if (access(program, X_OK) != 0) GTEST_SKIP() << program << " is missing";
  RunningProxy first, second;
  start_https(first, false);
  start_https(second, false);
  first.wait_for(first.port);
  second.wait_for(second.port);
  auto server = Listener::localhost();
  Process netcat(
      {"netcat", "-w", "20", "-x", "https://localhost:" + first.port_text(), "-x",
       "https://localhost:" + second.port_text(), "--tls", "localhost", server.port_text()},
      trusting_ca());
  TlsPeer peer = TlsPeer::server(server.accept());
  EXPECT_EQ(peer.handshake(), "");
  netcat.in.send("question\n");
  netcat.in.close();
  EXPECT_EQ(peer.rest(), "question\n");
  peer.send("answer\n");
  peer.close_notify();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "answer\n");
  EXPECT_EQ(end.status, 0) << end.err;
}

}  // namespace
}  // namespace e2e
