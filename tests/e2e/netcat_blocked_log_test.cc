// netcat --output, --hex-dump: a log whose reader takes its time, or none.
#include <gtest/gtest.h>
#include <csignal>
#include <string>

#include "session.h"
#include "udp_peer.h"

namespace e2e {
namespace {

// More than the pipe of standard error and both buffers of a connection hold.
constexpr std::size_t kMuch = 30'000'000;

std::size_t fill(Channel& client) {
  return client.send_until_stuck(std::string(100'000, 'x'), kSilence, kMuch);
}

TEST(NetcatBlockedLog, ASignalEndsAListenerThatWaitsForIt) {
  for (const Words& options : {Words{"-d"}, Words{"-k"}, Words{"-c", "cat > /dev/null"}}) {
    Listening s(with({"-o", "-"}, options), {.in = Stdio::null(), .out = Stdio::null()});
    auto client = s.connect();
    EXPECT_LT(fill(client), kMuch);
    EXPECT_EQ(s.netcat.stop(), 128 + SIGTERM);
  }
}

TEST(NetcatBlockedLog, ASignalEndsADatagramReceiverThatWaitsForIt) {
  Process netcat({"netcat", "-u", "-l", "-k", "-d", "-v", "-o", "-", "127.0.0.1", "0"},
                 {.out = Stdio::null()});
  const std::string bound = netcat.err.line();
  const int port = std::stoi(bound.substr(bound.rfind(' ') + 1));
  UdpPeer peer;
  for (int i = 0; i < 20; ++i) peer.send(port, std::string(10'000, 'x'));
  EXPECT_TRUE(netcat.lives_for(kSilence));
  EXPECT_EQ(netcat.stop(), 128 + SIGTERM);
}

// Time that the log takes is not the peer's: -w.
TEST(NetcatBlockedLog, NothingIsLostWhenItsReaderTakesItsTime) {
  TempDir dir;
  const std::string data = noise(3'000'000);
  Session s({"-w", "100ms", "-o", "-"}, {.in = Stdio::file(dir.file("data", data))});
  std::string arrived;
  wait_until("the log is full", [&] {
    arrived += s.peer.available();
    return s.peer.silent_for(kSilence);
  });
  EXPECT_LT(arrived.size(), data.size());
  std::string dump;
  wait_until("all has arrived", [&] {
    dump += s.netcat.err.available();
    arrived += s.peer.available();
    return s.peer.at_end();
  });
  s.peer.close();
  dump += s.netcat.err.rest();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_TRUE(arrived == data);
  const auto compared =
      shell("cut -c12-59 '" + dir.file("dump", dump) +
            "' | python3 -c 'import sys; "
            "sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' | cmp - '" +
            dir.path("data") + "'");
  EXPECT_EQ(compared.status, 0) << compared.err;
}

TEST(NetcatBlockedLog, AReaderThatLeavesIsStatus8) {
  Session s({"-d", "-o", "-"}, {.in = Stdio::null(), .out = Stdio::null()});
  EXPECT_LT(fill(s.peer), kMuch);
  s.netcat.err.close();
  EXPECT_EQ(s.netcat.wait(), 8);
}

}  // namespace
}  // namespace e2e
