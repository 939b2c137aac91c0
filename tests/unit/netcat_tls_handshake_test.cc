// TLS handshakes that fail, and what is said about them.
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "netcat_tls_test.h"

namespace netcat::tls {
namespace {

using net::Error;
using net::Result;

Options versions(Version min, Version max) {
  Options options;
  options.min = min;
  options.max = max;
  return options;
}

TEST(NetcatTlsHandshake, NoVersionInCommon) {
  Pair new_client(versions(Version::k12, Version::k13), versions(Version::k10, Version::k11));
  new_client.shake_hands();
  EXPECT_EQ(new_client.of_client, kFailed);
  EXPECT_EQ(new_client.client.failure(), "no protocol version in common");
  EXPECT_EQ(new_client.server.failure(), "no protocol version in common (peer: TLS 1.2)");

  Pair old_client(versions(Version::k10, Version::k10), versions(Version::k12, Version::k13));
  old_client.shake_hands();
  EXPECT_EQ(old_client.server.failure(), "no protocol version in common (peer: TLS 1.0)");
}

TEST(NetcatTlsHandshake, NoApplicationProtocolInCommon) {
  Options client;
  client.alpn = {"h2"};
  Options server;
  server.alpn = {"smtp", "xmpp"};
  Pair pair(client, server);
  pair.shake_hands();
  EXPECT_EQ(pair.client.failure(), "handshake refused by the peer: no application protocol");
  EXPECT_EQ(pair.server.failure(), "no application protocol in common (--alpn)");
}

TEST(NetcatTlsHandshake, TheServersFirstApplicationProtocolIsChosen) {
  Options client;
  client.alpn = {"a", "b", "c"};
  Options server;
  server.alpn = {"x", "c", "b"};
  Pair pair(client, server);
  pair.shake_hands();
  EXPECT_EQ(pair.client.info().alpn, "c");
  EXPECT_EQ(pair.server.info().alpn, "c");

  Pair without({}, server);
  without.shake_hands();
  EXPECT_FALSE(without.of_client);
  EXPECT_EQ(without.server.info().alpn, "");
}

TEST(NetcatTlsHandshake, NoCipherInCommon) {
  Options client = versions(Version::k12, Version::k12);
  client.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  Options server;
  server.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305:TLS_AES_256_GCM_SHA384";
  Pair pair(client, server);
  pair.shake_hands();
  EXPECT_EQ(pair.server.failure(), "no cipher in common");
  EXPECT_EQ(pair.client.failure(), "handshake refused by the peer: handshake failure");
}

TEST(NetcatTlsHandshake, ALateAlertIsARefusal) {
  // In TLS 1.3 the client is done before the server sees that its certificate is missing.
  Options server;
  server.pins.push_back({Pin::kCertificate, std::string(32, 'x')});
  Pair pair({}, server);
  pair.shake_hands();
  EXPECT_FALSE(pair.of_client);
  EXPECT_EQ(pair.of_server, kFailed);
  EXPECT_EQ(pair.server.failure(), "sent no certificate");
  Pair::carry(pair.server, pair.client);
  Result<std::size_t> result = std::size_t{0};
  EXPECT_EQ(read_all(pair.client, result), "");
  EXPECT_EQ(result.error(), kFailed);
  EXPECT_EQ(pair.client.failure(), "handshake refused by the peer: certificate required");
}

TEST(NetcatTlsHandshake, TheWrongPin) {
  Pair pair;
  Options options;
  options.pins.push_back({Pin::kCertificate, std::string(32, 'x')});
  const auto context = context_of(options, Role::kClient);
  Engine client(*context, "localhost");
  for (int i = 0; i < 5; ++i) {
    (void)client.handshake();
    (void)pair.server.handshake();
    Pair::carry(client, pair.server);
    Pair::carry(pair.server, client);
  }
  EXPECT_EQ(client.failure(), "certificate is not the pinned one (sha256:" +
                                  pair.server_context->self_signed() + ")");
  EXPECT_EQ(pair.server.failure(), "handshake refused by the peer: bad certificate");
}

TEST(NetcatTlsHandshake, WhatIsNotTls) {
  const std::pair<std::string, std::string> table[] = {
      {"SSH-2.0-OpenSSH_9.2\r\n", "does not speak TLS (it sent \"SSH-2.0-OpenSSH_9.2\")"},
      {"HTTP/1.1 400 Bad Request\r\nServer: x\r\n",
       "does not speak TLS (it sent \"HTTP/1.1 400 Bad Request\")"},
      {"220 mail\x1b[2J\n", "does not speak TLS (it sent \"220 mail\\x1b[2J\")"},
      {std::string("\0\0\0\0\0\0", 6),
       "does not speak TLS (it sent \"\\x00\\x00\\x00\\x00\\x00\\x00\")"},
  };
  for (const auto& [sent, message] : table) {
    Pair pair;
    (void)pair.client.handshake();
    pair.client.in().append(sent);
    EXPECT_EQ(pair.client.handshake(), kFailed);
    EXPECT_EQ(pair.client.failure(), message);
    pair.server.in().append(sent);
    EXPECT_EQ(pair.server.handshake(), kFailed);
    EXPECT_EQ(pair.server.failure(), message);
  }
}

TEST(NetcatTlsHandshake, ShortBannersAreNotTls) {
  Pair pair;
  (void)pair.client.handshake();
  pair.client.in().append("+OK");
  Error e = pair.client.handshake();
  if (e == Error(UV_EAGAIN)) {
    pair.client.end_input();
    e = pair.client.handshake();
  }
  EXPECT_EQ(e, kFailed);
  EXPECT_EQ(pair.client.failure(), "does not speak TLS (it sent \"+OK\")");
}

TEST(NetcatTlsHandshake, TheEndOfInputIsAFailure) {
  Pair pair;
  (void)pair.client.handshake();
  pair.client.end_input();
  EXPECT_EQ(pair.client.handshake(), kFailed);
  EXPECT_EQ(pair.client.failure(), "connection closed during the TLS handshake");
}

// For OpenSSL it is an orderly end, not an error.
TEST(NetcatTlsHandshake, CloseNotifyInTheMiddleIsAFailure) {
  const std::string close_notify("\x15\x03\x03\x00\x02\x01\x00", 7);
  Options old;
  old.max = Version::k12;
  for (const Options& options : {Options(), old}) {
    Pair pair(options, options);
    (void)pair.client.handshake();
    Pair::carry(pair.client, pair.server);
    (void)pair.server.handshake();
    for (Engine* engine : {&pair.client, &pair.server}) {
      engine->in().append(close_notify);
      EXPECT_EQ(engine->handshake(), kFailed);
      EXPECT_EQ(engine->failure(), "connection closed during the TLS handshake");
      EXPECT_EQ(engine->handshake(), kFailed);
    }
  }
}

TEST(NetcatTlsHandshake, NoSniForAddresses) {
  Pair pair;
  for (const char* name : {"127.0.0.1", "::1", ""}) {
    Engine client(*pair.client_context, name);
    Engine server(*pair.server_context, "");
    (void)client.handshake();
    Pair::carry(client, server);
    (void)server.handshake();
    EXPECT_EQ(server.info().server_name, "") << name;
  }
}

class NetcatTlsPsk : public testing::Test {
 protected:
  ~NetcatTlsPsk() override {
    for (const std::string& file : files_) std::remove(file.c_str());
  }
  Options with(const std::string& line) {
    Options options;
    options.psk =
        testing::TempDir() + "psk" + std::to_string(getpid()) + "." + std::to_string(files_.size());
    std::ofstream(options.psk) << line << "\n";
    files_.push_back(options.psk);
    return options;
  }
  std::vector<std::string> files_;
  static inline const std::string kKey = ":000102030405060708090a0b0c0d0e0f";
};

// Without certificates.
struct PskPair {
  PskPair(const Options& for_client, const Options& for_server)
      : client_context(context_of(for_client, Role::kClient)),
        server_context(context_of(for_server, Role::kServer)),
        client(*client_context, "localhost"),
        server(*server_context, "") {
    for (int i = 0; i < 5; ++i) {
      of_client = client.handshake();
      of_server = server.handshake();
      Pair::carry(client, server);
      Pair::carry(server, client);
    }
  }
  std::unique_ptr<Context> client_context;
  std::unique_ptr<Context> server_context;
  Engine client;
  Engine server;
  Error of_client;
  Error of_server;
};

TEST_F(NetcatTlsPsk, BothSidesHaveTheKey) {
  PskPair pair(with("me" + kKey), with("me" + kKey));
  EXPECT_FALSE(pair.of_client) << pair.client.failure();
  EXPECT_FALSE(pair.of_server) << pair.server.failure();
  EXPECT_EQ(pair.client.info().verified, "psk");
  EXPECT_FALSE(pair.client.info().has_certificate);
  (void)pair.client.write("text");
  Pair::carry(pair.client, pair.server);
  Result<std::size_t> result = std::size_t{0};
  EXPECT_EQ(read_all(pair.server, result), "text");
}

TEST_F(NetcatTlsPsk, AnotherKeyOrIdentityIsRefused) {
  PskPair key(with("me" + kKey), with("me" + kKey + "10"));
  EXPECT_EQ(key.server.failure(), "has a different pre-shared key (--tls-psk)");
  EXPECT_EQ(key.of_client, kFailed);
  PskPair identity(with("me" + kKey), with("us" + kKey));
  EXPECT_EQ(identity.server.failure(), "does not have the pre-shared key (--tls-psk)");
  EXPECT_EQ(identity.of_client, kFailed);
}

TEST_F(NetcatTlsPsk, NoCertificateWillDoInstead) {
  PskPair server(with("me" + kKey), {});
  EXPECT_EQ(server.client.failure(), "does not have the pre-shared key (--tls-psk)");
  Options trusting_anyone;
  trusting_anyone.verify = false;
  PskPair client(trusting_anyone, with("me" + kKey));
  EXPECT_EQ(client.of_server, kFailed);
  EXPECT_EQ(client.of_client, kFailed);
}

// Whatever bytes come, a handshake ends with an error or waits for more.
TEST(NetcatTlsHandshake, AnyByteOfAHelloMayBeWrong) {
  const Pair pair;
  Engine hello(*pair.client_context, "localhost");
  (void)hello.handshake();
  const std::string bytes(hello.out().data());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Engine server(*pair.server_context, "");
    std::string changed = bytes;
    changed[at] ^= 0x55;
    server.in().append(changed);
    server.end_input();
    const Error e = server.handshake();
    EXPECT_EQ(e, kFailed) << at;
    EXPECT_NE(server.failure(), "") << at;
  }
}

}  // namespace
}  // namespace netcat::tls
