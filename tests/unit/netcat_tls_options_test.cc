// The values of netcat's --tls options.
#include "tools/netcat/tls/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace netcat::tls {
namespace {

const std::string kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string kBase64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

std::string digest() {
  std::string bytes;
  for (char i = 0; i < 32; ++i) bytes.push_back(i);
  return bytes;
}

std::string with_colons(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) out += (i == 0 ? "" : ":") + hex.substr(i, 2);
  return out;
}

TEST(NetcatTlsOptions, PinsAreDigestsOfACertificateOrAKey) {
  const std::pair<std::string, Pin> table[] = {
      {"sha256:" + kHex, {Pin::kCertificate, digest()}},
      {"sha256:" + with_colons(kHex), {Pin::kCertificate, digest()}},
      {"sha256:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
       {Pin::kCertificate, digest()}},
      {"sha256//" + kBase64, {Pin::kPublicKey, digest()}},
      {"sha256//" + kBase64.substr(0, 43), {Pin::kPublicKey, digest()}},
  };
  for (const auto& [text, expected] : table) {
    Pin pin;
    EXPECT_EQ(parse_pin(text, pin), "") << text;
    EXPECT_EQ(pin, expected) << text;
  }
}

TEST(NetcatTlsOptions, AnythingElseIsNoPin) {
  const std::string table[] = {
      "",
      "sha256",
      "sha256:",
      "sha256//",
      kHex,
      "sha1:" + kHex,
      "sha256:" + kHex + "00",
      "sha256:" + kHex.substr(1),
      "sha256:" + kHex.substr(2),
      "sha256:" + with_colons(kHex) + ":",
      "sha256::" + with_colons(kHex).substr(1),
      "sha256:0:0" + kHex.substr(2),
      "sha256:g0" + kHex.substr(2),
      "sha256//" + kBase64 + "=",
      "sha256//" + kBase64.substr(0, 42),
      "sha256//" + kBase64.substr(0, 43) + "==",
      "sha256//-" + kBase64.substr(1),
      "sha256//" + kBase64.substr(0, 42) + "9=",  // bits that are not used
  };
  for (const std::string& text : table) {
    Pin pin;
    EXPECT_NE(parse_pin(text, pin), "") << text;
    EXPECT_EQ(pin, Pin()) << text;
  }
}

TEST(NetcatTlsOptions, Versions) {
  struct Row {
    const char* text;
    Version min;
    Version max;
  };
  const Row table[] = {
      {"1.3", Version::k13, Version::k13},     {"1.2", Version::k12, Version::k13},
      {"1.2-1.2", Version::k12, Version::k12}, {"1.0", Version::k10, Version::k13},
      {"1.0-1.1", Version::k10, Version::k11},
  };
  for (const Row& row : table) {
    Version min = Version::k12;
    Version max = Version::k13;
    EXPECT_EQ(parse_versions(row.text, min, max), "") << row.text;
    EXPECT_EQ(min, row.min) << row.text;
    EXPECT_EQ(max, row.max) << row.text;
  }
  for (const char* text : {"", "-", "1", "1.4", "1.2-", "-1.2", "1.3-1.2", "tls1.2", "1.2-1.3-"}) {
    Version min = Version::k12;
    Version max = Version::k13;
    EXPECT_NE(parse_versions(text, min, max), "") << text;
    EXPECT_EQ(min, Version::k12) << text;
  }
}

TEST(NetcatTlsOptions, ApplicationProtocols) {
  using List = std::vector<std::string>;
  const std::pair<std::string, List> table[] = {
      {"h2", {"h2"}},
      {"h2,http/1.1", {"h2", "http/1.1"}},
      {std::string(255, 'x'), {std::string(255, 'x')}},
  };
  for (const auto& [text, expected] : table) {
    List list;
    EXPECT_EQ(parse_alpn(text, list), "") << text;
    EXPECT_EQ(list, expected) << text;
  }
  for (const std::string& text : {std::string(), std::string(","), std::string("a,"),
                                  std::string(",a"), std::string("a,,b"), std::string(256, 'x')}) {
    List list;
    EXPECT_NE(parse_alpn(text, list), "") << text;
    EXPECT_EQ(list, List()) << text;
  }
  EXPECT_EQ(alpn_wire({"h2", "http/1.1"}), "\x02h2\x08http/1.1");
}

TEST(NetcatTlsOptions, TooManyApplicationProtocols) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += (i == 0 ? "" : ",") + std::to_string(100'000 + i);
  std::vector<std::string> list;
  EXPECT_EQ(parse_alpn(text, list), "too many protocol names");
}

TEST(NetcatTlsOptions, PresharedKeys) {
  std::string identity;
  std::string key;
  EXPECT_EQ(parse_psk("me:00112233445566778899aabbccddeeff\n", identity, key), "");
  EXPECT_EQ(identity, "me");
  EXPECT_EQ(key.size(), 16U);
  EXPECT_EQ(parse_psk("a:b:00112233445566778899aabbccddeeff", identity, key), "");
  EXPECT_EQ(identity, "a:b");
  for (const char* text :
       {"", "me", ":00112233445566778899aabbccddeeff", "me:", "me:0011",
        "me:xx112233445566778899aa",
        "me:00112233445566778899aabbccddeeff\nme:00112233445566778899aabbccddeeff"})
    EXPECT_NE(parse_psk(text, identity, key), "") << text;
}

TEST(NetcatTlsOptions, NcatsSpellingsAreAliases) {
  using Words = std::vector<std::string>;
  const std::pair<Words, Words> table[] = {
      {{"--ssl"}, {"--tls"}},
      {{"--ssl-cert", "a", "--ssl-key=b"}, {"--tls-cert", "a", "--tls-key=b"}},
      {{"--ssl-verify", "host"}, {"--tls-verify=yes", "host"}},
      {{"--ssl-verify"}, {"--tls-verify=yes"}},
      {{"--ssl-verify", "no"}, {"--tls-verify", "no"}},
      {{"--ssl-verify=no"}, {"--tls-verify=no"}},
      {{"--ssl-trustfile", "f"}, {"--tls-ca", "f"}},
      {{"--ssl-trustfile=f"}, {"--tls-ca=f"}},
      {{"--ssl-servername", "n"}, {"--tls-name", "n"}},
      {{"--ssl-alpn", "h2"}, {"--alpn", "h2"}},
      {{"--ssl-ciphers", "x"}, {"--tls-ciphers", "x"}},
      {{"--tls", "--", "--ssl"}, {"--tls", "--", "--ssl"}},
      {{"ssl", "-ssl"}, {"ssl", "-ssl"}},
  };
  for (const auto& [theirs, ours] : table) EXPECT_EQ(without_aliases(theirs), ours) << theirs[0];
}

}  // namespace
}  // namespace netcat::tls
