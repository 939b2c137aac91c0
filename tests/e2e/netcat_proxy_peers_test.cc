// netcat -x through real proxies: microsocks, tinyproxy, squid, ssh -D and danted.
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "running_proxy.h"
#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;

struct Peer {
  std::string name;
  std::string program;
  std::string scheme;
  void (*start)(RunningProxy& proxy, bool login);
  bool login = false;
  int refused = 4;  // the status for a destination that refuses
};

void PrintTo(const Peer& peer, std::ostream* out) { *out << peer.name; }

class ProxyPeer : public testing::TestWithParam<Peer> {
 protected:
  void SetUp() override {
    const Peer& peer = GetParam();
    if (access(peer.program.c_str(), X_OK) != 0) GTEST_SKIP() << peer.program << " is missing";
    proxy_ = std::make_unique<RunningProxy>();
    peer.start(*proxy_, peer.login);
    proxy_->wait_for(proxy_->port);
  }
  Words options() const {
    Words words{"netcat", "-w", "20", "-x",
                GetParam().scheme + "://127.0.0.1:" + proxy_->port_text()};
    return GetParam().login ? with(words, {"-P", "me:secret"}) : words;
  }
  std::unique_ptr<RunningProxy> proxy_;
};

TEST_P(ProxyPeer, CarriesQuestionAndLateAnswer) {
  auto server = Listener::tcp();
  Process netcat(with(options(), {"127.0.0.1", server.port_text()}), all_pipes());
  Socket peer = server.accept();
  netcat.in.send("question\n");
  netcat.in.close();
  EXPECT_EQ(peer.line(), "question");
  EXPECT_TRUE(peer.silent_for(kSilence));
  const std::string answer = noise(1'000'000);
  peer.send(answer.substr(0, 100'000));
  EXPECT_EQ(netcat.out.take(100'000), answer.substr(0, 100'000));
  peer.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "");
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

TEST_P(ProxyPeer, CarriesWhatTheServerSaysFirst) {
  auto server = Listener::localhost();
  Process netcat(with(options(), {"localhost", server.port_text()}));
  Socket peer = server.accept();
  peer.send("220 hello\r\n");
  peer.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "220 hello\r\n");
  EXPECT_EQ(end.status, 0);
}

TEST_P(ProxyPeer, SaysThatTheDestinationRefuses) {
  const std::string port = std::to_string(free_port());
  const auto end = run(with(options(), {"127.0.0.1", port}));
  EXPECT_EQ(end.status, GetParam().refused);
  EXPECT_THAT(end.err, testing::StartsWith("netcat: "));
  EXPECT_THAT(end.err, HasSubstr("proxy 127.0.0.1:" + proxy_->port_text() + ": "));
}

TEST_P(ProxyPeer, ScansThroughIt) {
  auto server = Listener::tcp();
  const std::string closed = std::to_string(free_port());
  Words argv = with(options(), {"-z", "-v", "127.0.0.1", closed, server.port_text()});
  const auto end = run(argv);
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.err, HasSubstr("Connection to 127.0.0.1 " + server.port_text()));
}

class ProxyLogin : public ProxyPeer {};

TEST_P(ProxyLogin, IsRequired) {
  Words argv{"netcat", "-w", "20", "-x", GetParam().scheme + "://127.0.0.1:" + proxy_->port_text()};
  const auto none = run(with(argv, {"127.0.0.1", "9"}));
  EXPECT_EQ(none.status, 11);
  EXPECT_THAT(none.err, HasSubstr("authentication required"));
  const auto wrong = run(with(argv, {"-P", "me:wrong", "127.0.0.1", "9"}));
  EXPECT_EQ(wrong.status, 11);
  EXPECT_THAT(wrong.err, HasSubstr(": "));
}

const Peer kPeers[] = {
    {"Microsocks", "/usr/bin/microsocks", "socks5", start_microsocks},
    {"MicrosocksLogin", "/usr/bin/microsocks", "socks5", start_microsocks, true},
    {"Tinyproxy", "/usr/bin/tinyproxy", "http", start_tinyproxy, false, 11},
    {"TinyproxyLogin", "/usr/bin/tinyproxy", "http", start_tinyproxy, true, 11},
    {"Squid", "/usr/sbin/squid", "http", start_squid, false, 11},
    {"Ssh5", "/usr/sbin/sshd", "socks5", start_ssh, false, 11},
    {"Ssh4a", "/usr/sbin/sshd", "socks4a", start_ssh, false, 11},
    {"Ssh4", "/usr/sbin/sshd", "socks4", start_ssh, false, 11},
    {"Dante5", "/usr/sbin/danted", "socks5", start_dante, false, 4},
    {"Dante4", "/usr/sbin/danted", "socks4", start_dante, false, 11},
};
INSTANTIATE_TEST_SUITE_P(Peers, ProxyPeer, testing::ValuesIn(kPeers), kNameOf);
INSTANTIATE_TEST_SUITE_P(Peers, ProxyLogin, testing::Values(kPeers[1], kPeers[3]), kNameOf);

// SOCKS5 through HTTP: the second proxy sees the first one's connection.
TEST(ProxyPeers, AChainOfTwo) {
  if (!installed("microsocks") || !installed("tinyproxy")) GTEST_SKIP() << "a proxy is missing";
  RunningProxy first, second;
  start_tinyproxy(first, true);
  start_microsocks(second, false);
  first.wait_for(first.port);
  second.wait_for(second.port);
  auto server = Listener::tcp();
  Process netcat({"netcat", "-x", "http://me@127.0.0.1:" + first.port_text(), "-x",
                  "127.0.0.1:" + second.port_text(), "127.0.0.1", server.port_text()},
                 {.env = {"NETCAT_PROXY_PASSWORD=secret"}});
  Socket peer = server.accept();
  peer.send("hello\n");
  peer.close();
  EXPECT_EQ(finish(netcat).out, "hello\n");
}

// ssh's ProxyUseFdpass through a SOCKS proxy.
TEST(ProxyPeers, SshTakesThePassedSocket) {
  if (!installed("microsocks") || access("/usr/sbin/sshd", X_OK) != 0)
    GTEST_SKIP() << "microsocks or sshd is missing";
  RunningProxy socks;
  start_microsocks(socks, false);
  socks.wait_for(socks.port);
  TempDir dir;
  auto server = Listener::tcp();
  Process ssh({"ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "ProxyUseFdpass=yes", "-o",
               "ProxyCommand=" + bin_dir() + "/netcat -F -x 127.0.0.1:" + socks.port_text() +
                   " 127.0.0.1 " + server.port_text(),
               "nobody@server.test"});
  Socket peer = server.accept();
  peer.send("SSH-2.0-test\r\n");
  EXPECT_THAT(peer.line(), HasSubstr("SSH-2.0-OpenSSH"));
  peer.close();
  EXPECT_EQ(ssh.wait(), 255);
}

}  // namespace
}  // namespace e2e
