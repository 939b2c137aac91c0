// TLS without sockets: what is lost, cut off or changed on the way.
#include "netcat_tls_test.h"

namespace netcat::tls {
namespace {

using net::Error;
using net::Result;

constexpr Error kAgain(UV_EAGAIN);
constexpr Error kCutOff(UV_ECONNABORTED);

class NetcatTlsVersions : public testing::TestWithParam<Version> {
 protected:
  static Options only() {
    Options options;
    options.min = options.max = GetParam();
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, NetcatTlsVersions,
                         testing::Values(Version::k10, Version::k12, Version::k13));

TEST_P(NetcatTlsVersions, BothSidesAgree) {
  Pair pair(only(), only());
  pair.shake_hands();
  EXPECT_FALSE(pair.of_client) << pair.client.failure();
  EXPECT_FALSE(pair.of_server) << pair.server.failure();
  const Info info = pair.client.info();
  EXPECT_EQ(info.version, "TLS 1." + std::to_string(static_cast<int>(GetParam())));
  EXPECT_EQ(info.label, "CN=netcat");
  EXPECT_EQ(info.verified, "pin");
  EXPECT_EQ("sha256:" + info.sha256, "sha256:" + pair.server_context->self_signed());
  EXPECT_EQ(pair.server.info().server_name, "localhost");
  EXPECT_FALSE(pair.server.info().has_certificate);
}

TEST_P(NetcatTlsVersions, RecordsMayArriveByteByByte) {
  Pair pair(only(), only());
  pair.shake_hands(1);
  ASSERT_FALSE(pair.of_client) << pair.client.failure();
  const std::string text = text_of(100);
  const Result<std::size_t> written = pair.client.write(text);
  ASSERT_TRUE(written);
  std::string got;
  Result<std::size_t> result = kAgain;
  while (Pair::carry(pair.client, pair.server, 1) > 0) got += read_all(pair.server, result);
  EXPECT_EQ(got, text);
  EXPECT_EQ(result.error(), kAgain);
}

TEST_P(NetcatTlsVersions, RecordsMayBeSplitAnywhere) {
  Pair pair(only(), only());
  pair.shake_hands();
  const std::string text = text_of(300);
  for (std::size_t split = 0; split < 700; split += 1 + split / 40) {
    for (const std::string& part : {text.substr(0, 100), text.substr(100)}) {
      const Result<std::size_t> n = pair.server.write(part);
      ASSERT_EQ(n ? *n : 0, part.size());
    }
    Result<std::size_t> result = kAgain;
    Pair::carry(pair.server, pair.client, split);
    std::string got = read_all(pair.client, result, 64);
    EXPECT_EQ(result.error(), kAgain);
    Pair::carry(pair.server, pair.client);
    got += read_all(pair.client, result, 64);
    EXPECT_EQ(got, text) << split;
  }
}

TEST_P(NetcatTlsVersions, CloseNotifyEndsOneDirectionOnly) {
  Pair pair(only(), only());
  pair.shake_hands();
  (void)pair.client.write("question");
  pair.client.close_notify();
  pair.client.close_notify();  // once is enough
  Pair::carry(pair.client, pair.server);
  Result<std::size_t> result = kAgain;
  EXPECT_EQ(read_all(pair.server, result), "question");
  EXPECT_TRUE(result && *result == 0);
  EXPECT_TRUE(pair.server.peer_notified());
  (void)pair.server.write("answer");
  Pair::carry(pair.server, pair.client);
  EXPECT_EQ(read_all(pair.client, result), "answer");
  EXPECT_EQ(result.error(), kAgain);
  pair.server.close_notify();
  Pair::carry(pair.server, pair.client);
  EXPECT_TRUE(pair.client.has_input());
  EXPECT_EQ(read_all(pair.client, result), "");
  EXPECT_TRUE(result && *result == 0);
}

TEST_P(NetcatTlsVersions, AnEndWithoutCloseNotifyIsToldBehindWhatCame) {
  Pair pair(only(), only());
  pair.shake_hands();
  const std::string text = text_of(40'000);
  const Result<std::size_t> written = pair.server.write(text);
  ASSERT_EQ(written ? *written : 0, text.size());
  Pair::carry(pair.server, pair.client, pair.server.out().data().size() - 1);
  pair.client.end_input();
  Result<std::size_t> result = kAgain;
  EXPECT_EQ(read_all(pair.client, result), text.substr(0, 32'768));  // whole records only
  EXPECT_EQ(result.error(), kCutOff);
  EXPECT_EQ(read_all(pair.client, result), "");
  EXPECT_EQ(result.error(), kCutOff);
  EXPECT_EQ(pair.client.failure(), "ended without TLS's close_notify: the data may be cut off");
}

TEST_P(NetcatTlsVersions, ABadRecordIsToldBehindTheGoodOnes) {
  Pair pair(only(), only());
  pair.shake_hands();
  (void)pair.client.write("hello");
  Pair::carry(pair.client, pair.server);
  Result<std::size_t> result = kAgain;
  EXPECT_EQ(read_all(pair.server, result), "hello");
  (void)pair.server.write("good");
  const std::size_t good = pair.server.out().data().size();
  (void)pair.server.write("bad");
  std::string records(pair.server.out().data());
  pair.server.out().consumed(records.size());
  records[good + 10] ^= 1;
  pair.client.in().append(records);
  EXPECT_EQ(read_all(pair.client, result), "good");
  EXPECT_EQ(result.error(), kFailed);
  EXPECT_TRUE(pair.client.has_input());
  EXPECT_EQ(pair.client.failure(), "TLS: decryption failed or bad record mac");
  EXPECT_FALSE(pair.client.out().empty());  // the alert
  Pair::carry(pair.client, pair.server);
  EXPECT_EQ(read_all(pair.server, result), "");
  EXPECT_EQ(result.error(), kFailed);
  EXPECT_EQ(pair.server.failure(), "TLS alert from the peer: bad record mac");
}

TEST(NetcatTlsEngine, AnyByteChangedIsAnError) {
  for (std::size_t at = 0; at < 40; ++at) {
    Pair pair;
    pair.shake_hands();
    (void)pair.server.write("some text to be changed");
    std::string record(pair.server.out().data());
    record[at] ^= 0x40;
    pair.client.in().append(record);
    pair.client.end_input();
    Result<std::size_t> result = kAgain;
    EXPECT_EQ(read_all(pair.client, result), "") << at;
    EXPECT_TRUE(result.error() == kFailed || result.error() == kCutOff) << at;
  }
}

TEST(NetcatTlsEngine, KeysMayChange) {
  Pair pair;
  pair.shake_hands();
  Result<std::size_t> result = kAgain;
  for (int i = 0; i < 3; ++i) {
    pair.server.update_keys();
    (void)pair.server.write("new keys");
    Pair::carry(pair.server, pair.client);
    EXPECT_EQ(read_all(pair.client, result), "new keys");
    (void)pair.client.write("and back");
    Pair::carry(pair.client, pair.server);
    EXPECT_EQ(read_all(pair.server, result), "and back");
  }
}

TEST(NetcatTlsEngine, APeerThatOnlyChangesKeysIsLetGo) {
  Pair pair;
  pair.shake_hands();
  Result<std::size_t> result = kAgain;
  for (int i = 0; i < 20'000 && result.error() == kAgain; ++i) {
    pair.server.update_keys();
    (void)pair.server.write("x");
    Pair::carry(pair.server, pair.client);
    (void)read_all(pair.client, result);
  }
  EXPECT_EQ(result.error(), kFailed);
  EXPECT_EQ(pair.client.failure(), "TLS: the peer keeps requesting key updates without reading");
}

TEST(NetcatTlsEngine, WritesNoMoreThanThereIsRoomFor) {
  Pair pair;
  pair.shake_hands();
  const std::string text = text_of(1 << 20);
  std::string_view rest = text;
  std::string got;
  Result<std::size_t> result = kAgain;
  while (!rest.empty()) {
    const Result<std::size_t> n = pair.client.write(rest);
    ASSERT_TRUE(n) << n.error().message();
    rest.remove_prefix(*n);
    while (Pair::carry(pair.client, pair.server) > 0) got += read_all(pair.server, result, 70'000);
  }
  EXPECT_EQ(got, text);
}

TEST(NetcatTlsEngine, NoTicketsAreSent) {
  Pair pair;
  pair.shake_hands();
  Pair::carry(pair.client, pair.server);
  Result<std::size_t> result = kAgain;
  (void)read_all(pair.server, result);
  EXPECT_TRUE(pair.server.out().empty());
}

}  // namespace
}  // namespace netcat::tls
