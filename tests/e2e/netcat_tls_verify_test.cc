// netcat --tls: whom it trusts, what it says about the others, and what it reports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

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

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}
std::string digest(const std::string& name) { return without_newline(read_file(pki(name))); }

struct Handshake {
  Outcome netcat;
  std::string server;  // why it failed
  std::string place;
};

// A netcat that talks to a server with the certificate; `host` is what it calls it.
Handshake shake_hands(const Words& options, const TlsSettings& how,
                      const std::string& host = "localhost") {
  Listener listener = Listener::tcp();
  Process netcat(netcat_argv(with({"-4"}, options), {host, listener.port_text()}));
  TlsPeer server = TlsPeer::server(listener.accept(), how);
  Handshake result{{}, server.handshake(), host + " port " + listener.port_text()};
  try {
    server.close_notify();
  } catch (const std::runtime_error&) {  // NOLINT: the handshake has failed
  }
  result.netcat = finish(netcat);
  return result;
}

struct Verdict {
  const char* certificate;
  const char* host;
  int status;
  const char* says;  // behind the place
  Words more;
};

class NetcatTlsVerify : public testing::TestWithParam<Verdict> {};

TEST_P(NetcatTlsVerify, TheCertificate) {
  const Verdict& row = GetParam();
  const auto result =
      shake_hands(trusting(row.more), {.certificate = pki(row.certificate)}, row.host);
  EXPECT_EQ(result.netcat.status, row.status) << result.netcat.err;
  if (row.status == 0)
    EXPECT_EQ(result.netcat.err, "");
  else
    EXPECT_THAT(result.netcat.err,
                MatchesRegex("netcat: " + result.place + ": " + row.says + "\n"));
}

const std::string kHex = "[0-9a-f]{64}";

INSTANTIATE_TEST_SUITE_P(
    Certificates, NetcatTlsVerify,
    testing::Values(
        Verdict{"good.pem", "localhost", 0, "", {}}, Verdict{"good.pem", "127.0.0.1", 0, "", {}},
        Verdict{"good.pem", "localhost", 0, "", {"--tls-ca", pki("hashed")}},
        Verdict{"good.pem", "localhost", 0, "", {"--tls-name", "LocalHost."}},
        Verdict{"good.pem",
                "localhost",
                10,
                "certificate is not for this name: it is for localhost, 127.0.0.1, ::1",
                {"--tls-name", "example.test"}},
        Verdict{"other_name.pem",
                "localhost",
                10,
                "certificate is not for this name: it is for other.test, \\*.example.test",
                {}},
        Verdict{"other_name.pem",
                "127.0.0.1",
                10,
                "certificate is not for this name: it is for other.test, \\*.example.test",
                {}},
        Verdict{"other_name.pem", "localhost", 0, "", {"--tls-name", "other.test"}},
        Verdict{"other_name.pem", "localhost", 0, "", {"--tls-name", "a.example.test"}},
        Verdict{"other_name.pem",
                "localhost",
                10,
                "certificate is not for this name: .*",
                {"--tls-name", "a.b.example.test"}},
        Verdict{"wildcard.pem",
                "localhost",
                10,
                "certificate is not for this name: .*",
                {"--tls-name", "foo.b.test"}},
        Verdict{"no_name.pem", "localhost", 10, "certificate has no subjectAltName", {}},
        Verdict{"expired.pem", "localhost", 10, "certificate has expired \\(2021-01-01\\)", {}},
        Verdict{
            "early.pem", "localhost", 10, "certificate is not valid yet \\(from 2044-01-01\\)", {}},
        Verdict{"purpose.pem", "localhost", 10, "certificate is not for a TLS server", {}},
        Verdict{
            "unknown.pem",
            "localhost",
            10,
            "certificate is not signed by an authority that this machine trusts \\(CN=Other CA; "
            "sha256:[0-9a-f]*; see --tls-ca, --tls-pin\\)",
            {}},
        Verdict{"unknown.pem", "localhost", 0, "", {"--tls-ca", pki("other_ca.pem")}},
        Verdict{"good.pem", "localhost", 0, "", {"--tls-days", "30"}},
        Verdict{"good.pem",
                "localhost",
                10,
                "certificate expires in [0-9]* days \\(on 2045-01-01\\)",
                {"--tls-days", "50000"}}));

TEST(NetcatTlsTrust, DoesNotTrustTheTestsCaByDefault) {
  const auto result = shake_hands({"--tls"}, {});
  EXPECT_EQ(result.netcat.status, 10);
  EXPECT_THAT(result.netcat.err,
              HasSubstr("signed by an authority that this machine trusts (CN=Test CA; "
                        "sha256:" +
                        digest("good.sha256")));
  EXPECT_THAT(result.server, testing::AnyOf(HasSubstr("unknown ca"), HasSubstr("unknown CA")));
}

TEST(NetcatTlsTrust, TakesTheEnvironmentsCas) {
  for (const std::string& variable :
       {"SSL_CERT_FILE=" + pki("ca.pem"), "SSL_CERT_DIR=" + pki("hashed")}) {
    Listener listener = Listener::tcp();
    Process netcat({"netcat", "-4", "--tls", "localhost", listener.port_text()},
                   {.env = {variable}});
    TlsPeer server = TlsPeer::server(listener.accept());
    EXPECT_EQ(server.handshake(), "");
    server.close_notify();
    EXPECT_EQ(finish(netcat).status, 0) << variable;
  }
}

TEST(NetcatTlsTrust, SaysWhereItHasLookedForCas) {
  const Outcome end = run({"netcat", "--tls", "127.0.0.1", "1"}, "",
                          {.env = {"SSL_CERT_FILE=/nowhere", "SSL_CERT_DIR=/nor/here"}});
  EXPECT_EQ(end.status, 10);
  EXPECT_THAT(end.err, AllOf(HasSubstr("/nowhere"), HasSubstr("/nor/here")));
}

TEST(NetcatTlsTrust, PinsTakeThePlaceOfEverything) {
  std::string hex = digest("good.sha256");
  std::string colons;
  for (std::size_t i = 0; i < hex.size(); i += 2) colons += (i == 0 ? "" : ":") + hex.substr(i, 2);
  for (char& c : colons) c = static_cast<char>(toupper(c));
  const std::string wrong = "sha256:" + std::string(64, '0');
  for (const Words& pins :
       {Words{"--tls-pin", "sha256:" + hex}, Words{"--tls-pin", "sha256:" + colons},
        Words{"--tls-pin", "sha256//" + digest("good.key_pin")},
        Words{"--tls-pin", wrong, "--tls-pin", "sha256:" + hex}}) {
    const auto result = shake_hands(with({"--tls"}, pins), {}, "127.0.0.1");
    EXPECT_EQ(result.netcat.status, 0) << result.netcat.err;
  }
  const auto result = shake_hands({"--tls", "--tls-pin", wrong}, {});
  EXPECT_EQ(result.netcat.status, 10);
  EXPECT_EQ(result.netcat.err, "netcat: " + result.place +
                                   ": certificate is not the pinned one (sha256:" + hex + ")\n");
}

TEST(NetcatTlsTrust, ChecksNothingIfToldSo) {
  for (const char* certificate : {"expired.pem", "other_name.pem", "unknown.pem"}) {
    const Words options{"--tls", "--tls-verify=no"};
    const auto result = shake_hands(options, {.certificate = pki(certificate)});
    EXPECT_EQ(result.netcat.status, 0);
    EXPECT_EQ(result.netcat.err, "");
  }
  const auto result = shake_hands({"--tls", "--tls-verify", "no", "-v"}, {});
  EXPECT_THAT(result.netcat.err, HasSubstr("not verified"));
}

TEST(NetcatTlsTrust, OffersACertificateIfAskedFor) {
  const auto good =
      shake_hands(trusting({"--tls-cert", pki("client.pem")}), {.client_ca = pki("ca.pem")});
  EXPECT_EQ(good.server, "");
  EXPECT_EQ(good.netcat.status, 0) << good.netcat.err;
  const auto two_files =
      shake_hands(trusting({"--tls-cert", pki("client.crt"), "--tls-key", pki("client.key")}),
                  {.client_ca = pki("ca.pem")});
  EXPECT_EQ(two_files.netcat.status, 0);
  const auto bad =
      shake_hands(trusting({"--tls-cert", pki("stranger.pem")}), {.client_ca = pki("ca.pem")});
  EXPECT_NE(bad.server, "");
  EXPECT_EQ(bad.netcat.status, 10);
  EXPECT_THAT(bad.netcat.err, HasSubstr("handshake refused by the peer: unknown CA"));
}

TEST(NetcatTlsTrust, FilesThatAreWrongAreStatus10) {
  const TempDir dir;
  const std::string junk = dir.file("junk", "junk");
  for (const Words& options :
       {Words{"--tls-cert", "/nowhere"}, Words{"--tls-cert", junk}, Words{"--tls-ca", "/nowhere"},
        Words{"--tls-ca", junk}, Words{"--tls-ca", dir.path("")},
        Words{"--tls-cert", pki("good.crt")},
        Words{"--tls-cert", pki("good.crt"), "--tls-key", pki("client.key")},
        Words{"--tls-ciphers", "nonsense"}}) {
    const Outcome end = run(netcat_argv(with({"--tls"}, options), {"127.0.0.1", "1"}));
    EXPECT_EQ(end.status, 10) << options[1];
    EXPECT_THAT(end.err, MatchesRegex("netcat: [^\n]*\n")) << options[1];
  }
}

TEST(NetcatTlsTrust, AKeyThatCannotBeUsedIsStatus10) {
  const TempDir dir;
  const auto encrypt = [&](const std::string& name, const Words& options) {
    const Words to{"-aes256", "-passout", "pass:secret", "-out", dir.path(name)};
    EXPECT_EQ(run(with(with({"openssl", "pkey", "-in", pki("good.key")}, to), options)).status, 0);
    return dir.path(name);
  };
  constexpr const char* kEncrypted =
      "the private key is encrypted (openssl-pkey(1) can decrypt it)";
  const std::pair<std::string, const char*> rows[] = {
      {encrypt("encrypted", {}), kEncrypted},
      {encrypt("of an old form", {"-traditional"}), kEncrypted},
      {pki("client.key"), "not the private key of the certificate"},
      {pki("good.crt"), "not a private key in PEM: "},
  };
  for (const auto& [key, why] : rows) {
    Process netcat(
        {"netcat", "--tls", "--tls-cert", pki("good.crt"), "--tls-key", key, "127.0.0.1", "1"},
        all_pipes());  // standard input is not asked for a passphrase
    const Outcome end = finish(netcat);
    EXPECT_EQ(end.status, 10);
    EXPECT_THAT(end.err, StartsWith("netcat: " + key + ": " + why));
  }
}

TEST(NetcatTlsTrust, NoVersionInCommon) {
  const auto old = shake_hands(trusting(), {.version_max = TLS1_VERSION});
  EXPECT_EQ(old.netcat.status, 10);
  EXPECT_EQ(old.netcat.err, "netcat: " + old.place + ": no protocol version in common\n");
  const auto taken = shake_hands(trusting({"--tls-version", "1.0"}), {.version_max = TLS1_VERSION});
  EXPECT_EQ(taken.netcat.status, 0) << taken.netcat.err;
}

TEST(NetcatTlsTrust, WhatDoesNotSpeakTls) {
  Session s(trusting());
  s.peer.send("SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
  const Outcome end = finish(s.netcat);
  EXPECT_EQ(end.status, 10);
  EXPECT_EQ(end.err, "netcat: " + s.place() +
                         ": does not speak TLS (it sent \"SSH-2.0-OpenSSH_9.2p1 Debian\")\n");
}

TEST(NetcatTlsTrust, WhatDoesNotSpeakTlsAndHangsUp) {
  for (int i = 0; i < 20; ++i) {  // before, while or after we send
    Session s(trusting());
    s.peer.send("220 too many\r\n");
    s.peer.reset();
    const Outcome end = finish(s.netcat);
    EXPECT_EQ(end.status, 10);
    EXPECT_EQ(end.err,
              "netcat: " + s.place() + ": does not speak TLS (it sent \"220 too many\")\n");
  }
}

TEST(NetcatTlsTrust, TheTimeLimitCoversTheHandshake) {
  Session s(trusting({"-w", "0.3"}));
  const Outcome end = finish(s.netcat);
  EXPECT_EQ(end.status, 5);
  EXPECT_THAT(end.err, MatchesRegex("netcat: [^\n]*\\(-w\\)\n"));
}

TEST(NetcatTlsTrust, ACloseInTheHandshakeIsStatus10) {
  for (const bool resets : {false, true}) {
    Session s(trusting());
    s.peer.take(5);
    if (resets)
      s.peer.reset();
    else
      s.peer.finish();
    const Outcome end = finish(s.netcat);
    EXPECT_EQ(end.status, 10);
    EXPECT_THAT(end.err, HasSubstr("handshake"));
  }
}

// --- reports ---

TEST(NetcatTlsReport, VerboseNamesCipherAndCertificate) {
  const auto result = shake_hands(trusting({"-v"}), {});
  EXPECT_THAT(result.netcat.err,
              HasSubstr("\nTLS 1.3, TLS_AES_256_GCM_SHA384, CN=localhost, valid until 2045-01-01, "
                        "sha256:" +
                        digest("good.sha256") + "\n"));
}

TEST(NetcatTlsReport, JsonHasAnEvent) {
  const auto result = shake_hands(trusting({"--json"}), {});
  EXPECT_THAT(
      result.netcat.err,
      AllOf(HasSubstr("\"event\":\"tls\""), HasSubstr("\"version\":\"TLS 1.3\""),
            HasSubstr("\"cipher\":\"TLS_AES_256_GCM_SHA384\""),
            HasSubstr("\"server_name\":\"localhost\""), HasSubstr("\"alpn\":\"\""),
            HasSubstr("\"subject\":\"CN=localhost\""), HasSubstr("\"issuer\":\"CN=Test CA\""),
            HasSubstr("\"not_after\":\"2045-01-01\""),
            HasSubstr("\"sha256\":\"" + digest("good.sha256") + "\""),
            HasSubstr("\"verified\":\"ca\""), HasSubstr("\"tls_end\":\"close_notify\"")));
}

TEST(NetcatTlsReport, KeysAreAppendedToTheKeyLog) {
  const TempDir dir;
  const std::string log = dir.path("keys");
  Listener listener = Listener::tcp();
  for (int i = 0; i < 2; ++i) {
    Process netcat(netcat_argv(trusting({"-v", "-n"}), {"127.0.0.1", listener.port_text()}),
                   {.env = {"SSLKEYLOGFILE=" + log}});
    TlsPeer server = TlsPeer::server(listener.accept());
    EXPECT_EQ(server.handshake(), "");
    server.close_notify();
    const Outcome end = finish(netcat);
    EXPECT_EQ(end.status, 0);
    EXPECT_THAT(end.err, HasSubstr("TLS keys are written to " + log));
  }
  struct stat status {};
  ASSERT_EQ(stat(log.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const std::string keys = read_file(log);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = keys.find("CLIENT_TRAFFIC_SECRET_0 ", at)) != std::string::npos;
       ++at)
    ++count;
  EXPECT_EQ(count, 2U) << keys;
}

}  // namespace
}  // namespace e2e
