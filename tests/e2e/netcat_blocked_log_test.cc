// netcat --output, --hex-dump: a log whose reader takes its time, or none.
#include <gtest/gtest.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <utility>

#include "session.h"
#include "udp_peer.h"

namespace e2e {
namespace {

// More than the pipe of standard error and both buffers of a connection hold.
constexpr std::size_t kPlenty = 30'000'000;

// A listener whose log, standard error, has a reader that does not read.
struct Unread {
  explicit Unread(const Words& options)
      : netcat(
            netcat_argv(
                with({"-l", "-o", "-", "--port-file", dir.path("port"), "127.0.0.1", "0"}, options),
                {}),
            {.out = Stdio::null(), .err = Stdio::fd(log.second)}) {
    wait_until("there is a port", [&] { return access(dir.path("port").c_str(), F_OK) == 0; });
    port = std::stoi(read_file(dir.path("port")));
    log.second.close();
  }

  TempDir dir;
  std::pair<Fd, Fd> log = pipe_pair();
  Process netcat;
  int port = 0;
};

std::size_t fill(Channel& client) {
  return client.send_until_stuck(std::string(100'000, 'x'), kSilence, kPlenty);
}

TEST(NetcatBlockedLog, ASignalEndsAListenerThatWaitsForIt) {
  for (const Words& options : {Words{"-d"}, Words{"-k", "-d"}, Words{"-c", "cat > /dev/null"}}) {
    Unread s(options);
    auto client = connect_tcp("127.0.0.1", s.port);
    EXPECT_LT(fill(client), kPlenty);
    EXPECT_EQ(s.netcat.stop(), 128 + SIGTERM);
  }
}

TEST(NetcatBlockedLog, ASignalEndsADatagramReceiverThatWaitsForIt) {
  Unread s({"-u", "-k", "-d"});
  UdpPeer peer;
  for (int i = 0; i < 20; ++i) peer.send(s.port, std::string(10'000, 'x'));
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
  EXPECT_EQ(s.netcat.stop(), 128 + SIGTERM);
}

TEST(NetcatBlockedLog, AReaderThatLeavesIsStatus8) {
  Unread s({"-d"});
  auto client = connect_tcp("127.0.0.1", s.port);
  EXPECT_LT(fill(client), kPlenty);
  s.log.first.close();
  EXPECT_EQ(s.netcat.wait(), 8);
}

// Time that the log takes is not the peer's.
TEST(NetcatBlockedLog, IsNoReasonToBeIdle) {
  Listener server = Listener::tcp();
  auto log = pipe_pair();
  Process netcat(netcat_argv({"-w", "500ms", "-o", "-"}, {"127.0.0.1", server.port_text()}),
                 {.in = Stdio::file("/dev/zero"), .err = Stdio::fd(log.second)});
  auto peer = server.accept();
  log.second.close();
  EXPECT_TRUE(netcat.lives_for(Millis(1500)));
  log.first.close();
  EXPECT_EQ(netcat.wait(), 8);  // not 9, which would have waited for the log
}

TEST(NetcatBlockedLog, NothingIsLostWhenItsReaderTakesItsTime) {
  TempDir dir;
  const std::string data = noise(3'000'000);
  Session s({"-o", "-"}, {.in = Stdio::file(dir.file("data", data))});
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

}  // namespace
}  // namespace e2e
