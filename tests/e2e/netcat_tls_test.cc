// netcat --tls as a client: what goes through, and how each kind of end is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "session.h"
#include "tls_peer.h"

namespace e2e {
namespace {

using testing::HasSubstr;

// A netcat that has done its handshake with the test.
struct Tls : Session {
  explicit Tls(const Words& options = {}, Spawn spawn = all_pipes(), const TlsSettings& how = {})
      : Session(with(trusting(), options), std::move(spawn)),
        server(TlsPeer::server(std::move(peer), how)) {
    const std::string why = server.handshake();
    if (!why.empty()) fail("handshake: " + why + ", " + netcat.err.available());
  }
  std::string place() const { return "127.0.0.1 port " + Session::server.port_text(); }
  TlsPeer server;
};

void expect(const Outcome& end, int status, const std::string& out, const std::string& err) {
  EXPECT_EQ(end.status, status);
  EXPECT_EQ(end.out, out);
  EXPECT_EQ(end.err, err);
}

class NetcatTlsVersion : public testing::TestWithParam<int> {
 protected:
  static TlsSettings only() { return {.version_max = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Versions, NetcatTlsVersion,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(NetcatTlsVersion, PrintsALateAnswer) {
  Tls s({}, all_pipes(), only());
  s.netcat.in.send("question");
  EXPECT_EQ(s.server.take(8), "question");
  s.netcat.in.close();
  EXPECT_EQ(s.server.rest(), "");
  EXPECT_TRUE(s.server.has_no_fin());
  s.server.send("late answer");
  s.server.close_notify();
  expect(finish(s.netcat), 0, "late answer", "");
  EXPECT_EQ(s.server.socket().rest(), "");  // the FIN, and no reset
}

TEST_P(NetcatTlsVersion, MovesMuchBothWays) {
  const std::string data = noise(3'000'000);
  const TempDir dir;
  Tls s({}, {.in = Stdio::file(dir.file("in", data)), .out = Stdio::file(dir.path("out"))}, only());
  EXPECT_TRUE(s.server.rest() == data);
  s.server.send(data);
  s.server.close_notify();
  expect(finish(s.netcat), 0, "", "");
  EXPECT_TRUE(read_file(dir.path("out")) == data);
}

TEST_P(NetcatTlsVersion, TellsOfAnEndWithoutCloseNotify) {
  Tls s({}, {.in = Stdio::null()}, only());
  s.server.send("not all of ");
  s.server.send("it");
  s.server.socket().finish();
  expect(finish(s.netcat), 1, "not all of it",
         "netcat: " + s.place() + ": ended without TLS's close_notify: the data may be cut off\n");
}

TEST_P(NetcatTlsVersion, TakesSuchAnEndIfAllowed) {
  Tls s({"--tls-allow-truncation"}, {.in = Stdio::null()}, only());
  s.server.send("all of it");
  s.server.socket().finish();
  expect(finish(s.netcat), 0, "all of it", "");
}

TEST_P(NetcatTlsVersion, WritesAllGoodRecordsBeforeABadOne) {
  Tls s({}, all_pipes(), only());
  const std::string data = noise(100'000);
  s.server.send(data);
  const std::string bad = std::string("\x17\x03\x03\x00\x20", 5) + noise(32);
  s.server.socket().send(bad);
  const Outcome end = finish(s.netcat);
  EXPECT_EQ(end.status, 10);
  EXPECT_TRUE(end.out == data) << end.out.size();
  EXPECT_EQ(end.err, "netcat: " + s.place() + ": TLS: decryption failed or bad record mac\n");
}

TEST_P(NetcatTlsVersion, IsTheSameAsWithoutWhenThePeerResets) {
  Tls s({}, all_pipes(), only());
  s.netcat.in.send("a");
  EXPECT_EQ(s.server.take(1), "a");
  s.server.send("b");
  EXPECT_EQ(s.netcat.out.take(1), "b");
  s.server.socket().reset();
  expect(finish(s.netcat), 1, "", "netcat: " + s.place() + ": connection reset by peer\n");
}

TEST_P(NetcatTlsVersion, NeedsNoFinForThePeersEnd) {
  Tls s({}, {.in = Stdio::null()}, only());
  EXPECT_EQ(s.server.rest(), "");
  s.server.close_notify();
  expect(finish(s.netcat), 0, "", "");
}

TEST_P(NetcatTlsVersion, IsContentWithAResetAfterBothEnds) {
  Tls s({}, all_pipes(), only());
  s.server.send("bye");
  s.server.close_notify();
  s.server.close();
  EXPECT_EQ(s.netcat.out.take(3), "bye");
  s.netcat.in.close();
  expect(finish(s.netcat), 0, "", "");
}

bool has_loaded_openssl(const Process& netcat) {
  const std::string maps = read_file("/proc/" + std::to_string(netcat.pid()) + "/maps");
  return maps.find("libssl") != std::string::npos;
}

TEST(NetcatTls, OpensslIsLoadedForTlsOnly) {
  Session plain;
  EXPECT_FALSE(has_loaded_openssl(plain.netcat));
  Tls tls;
  EXPECT_TRUE(has_loaded_openssl(tls.netcat));
}

TEST(NetcatTls, SaysThatOpensslCannotBeLoaded) {
  const TempDir dir;
  dir.file("libssl.so.3", "");
  const Outcome end =
      run({"netcat", "--tls", "127.0.0.1", "1"}, "", {.env = {"LD_LIBRARY_PATH=" + dir.path("")}});
  EXPECT_EQ(end.status, 10);
  EXPECT_THAT(end.err, testing::StartsWith("netcat: TLS: libssl.so.3 cannot be loaded: "));
}

TEST(NetcatTls, AnswersAChangeOfKeys) {
  Tls s;
  for (const std::string text : {"one", "two", "three"}) {
    s.server.update_keys();
    s.server.send(text);
    EXPECT_EQ(s.netcat.out.take(text.size()), text);
    s.netcat.in.send(text);
    EXPECT_EQ(s.server.take(text.size()), text);
  }
}

TEST(NetcatTls, NoShutdownKeepsCloseNotifyBack) {
  Tls s({"--no-shutdown"});
  s.netcat.in.send("question");
  s.netcat.in.close();
  EXPECT_EQ(s.server.take(8), "question");
  EXPECT_TRUE(s.server.has_no_fin());  // nor anything else
  s.server.send("answer");
  s.server.close_notify();
  expect(finish(s.netcat), 0, "answer", "");
}

TEST(NetcatTls, SendOnlyReadsToThePeersEnd) {
  Tls s({"--send-only"});
  s.netcat.in.send("data");
  s.netcat.in.close();
  EXPECT_EQ(s.server.rest(), "data");
  s.server.send(noise(200'000));
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
  s.server.close_notify();
  expect(finish(s.netcat), 0, "", "");
}

TEST(NetcatTls, QuitAfterBoundsTheWaitForThePeersEnd) {
  Tls s({"-q", "0.2"});
  s.netcat.in.send("data");
  s.netcat.in.close();
  EXPECT_EQ(s.server.rest(), "data");
  s.server.send("some");
  expect(finish(s.netcat), 0, "some", "");
}

TEST(NetcatTls, AFailureOfStdinIsNoEndForThePeer) {
  Tls s({}, {.in = Stdio::file("/proc/self/mem")});  // EIO
  EXPECT_EQ(finish(s.netcat).status, 8);
  EXPECT_THROW(s.server.rest(), std::runtime_error);
}

TEST(NetcatTls, ALateAlertIsARefusal) {
  Session s(trusting(), {.in = Stdio::null()});
  TlsPeer server = TlsPeer::server(std::move(s.peer), {.client_ca = pki("ca.pem")});
  EXPECT_EQ(server.handshake(), "peer did not return a certificate");
  expect(finish(s.netcat), 10, "",
         "netcat: " + s.place() + ": handshake refused by the peer: certificate required\n");
}

TEST(NetcatTls, CloseNotifyInPlaceOfAHandshakeIsARefusal) {
  for (const Words& options : {Words{}, Words{"-z"}, Words{"-e", "cat"}}) {
    Session s(with(trusting(), options));
    s.peer.send(std::string("\x15\x03\x03\x00\x02\x01\x00", 7));
    expect(finish(s.netcat), 10, "",
           "netcat: 127.0.0.1 port " + s.server.port_text() +
               ": connection closed during the TLS handshake\n");
  }
}

TEST(NetcatTls, KeepsBytesAsTheyAre) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  Tls s;
  s.netcat.in.send(all);
  EXPECT_EQ(s.server.take(256), all);
  s.server.send(all);
  EXPECT_EQ(s.netcat.out.take(256), all);
}

// The answer to what was sent last is a reset, which comes before netcat looks again.
TEST_P(NetcatTlsVersion, InputThatAPeerWhichHasLeftDoesNotGetIsLost) {
  Tls s({"--half-open"}, all_pipes(), only());
  s.server.send("bye\n");
  s.server.close_notify();
  s.server.close();
  EXPECT_EQ(s.netcat.out.line(), "bye");
  EXPECT_EQ(s.netcat.out.rest(), "");  // closed, because the peer has ended
  s.netcat.signal(SIGSTOP);
  s.netcat.in.send("lost\n");
  s.netcat.in.close();
  s.netcat.signal(SIGCONT);
  const Outcome end = finish(s.netcat);
  EXPECT_THAT(end.err, testing::StartsWith("netcat: " + s.place() + ": "));
  EXPECT_EQ(end.status, 1);
}

// A record that takes longer than -w is not silence.
TEST_P(NetcatTlsVersion, ASlowRecordIsNotIdle) {
  auto [near, far] = socket_pair();
  Listener listener = Listener::tcp();
  Process netcat(with(with({"netcat", "-w", "2"}, trusting()), {"localhost", listener.port_text()}),
                 all_pipes());
  Socket front = listener.accept();
  TlsPeer server = TlsPeer::server(Socket(std::move(far)), only());
  Socket back(std::move(near));
  std::thread shake([&] { EXPECT_EQ(server.handshake(), ""); });
  const auto pass_on = [&](Millis time) {
    const auto end = Clock::now() + time;
    while (Clock::now() < end) {
      if (!front.silent_for(Millis(5))) back.send(front.available());
      if (!back.silent_for(Millis(5))) front.send(back.available());
    }
  };
  pass_on(Millis(1000));
  shake.join();
  const std::string data = noise(10'000);
  server.send(data);
  std::string record = back.available();
  while (!record.empty()) {
    front.send(record.substr(0, 2'000));
    record.erase(0, 2'000);
    EXPECT_TRUE(record.empty() || netcat.lives_for(Millis(700)));
  }
  EXPECT_TRUE(netcat.out.take(10'000) == data);
}

TEST(NetcatTls, OptionsSeePlainText) {
  const TempDir dir;
  Tls s({"-C", "--output", dir.path("log")});
  s.netcat.in.send("line\n");
  EXPECT_EQ(s.server.take(6), "line\r\n");
  s.server.send("answer\n");
  EXPECT_EQ(s.netcat.out.line(), "answer");
  s.netcat.in.close();
  EXPECT_EQ(s.server.rest(), "");
  s.server.close_notify();
  EXPECT_EQ(finish(s.netcat).status, 0);
  EXPECT_THAT(read_file(dir.path("log")), testing::AllOf(HasSubstr("line"), HasSubstr("answer")));
}

TEST(NetcatTls, WritesNoMoreThanTheRate) {
  Tls s({"--rate", "20K"}, {.in = Stdio::pipe()});
  const auto start = Clock::now();
  s.netcat.in.send(noise(16'000));
  EXPECT_EQ(s.server.take(16'000), noise(16'000));
  s.netcat.in.send(noise(16'000));
  EXPECT_EQ(s.server.take(16'000), noise(16'000));
  EXPECT_GE(Clock::now() - start, Millis(300));
}

}  // namespace
}  // namespace e2e
