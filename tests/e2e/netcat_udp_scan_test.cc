// netcat -z -u: which UDP ports are open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "session.h"
#include "udp_peer.h"

namespace e2e {
namespace {

using testing::HasSubstr;

TEST(NetcatUdpScan, AnAnswerIsSuccess) {
  UdpPeer peer;
  Process netcat({"netcat", "-zuvn", "-w", "20", "127.0.0.1", peer.port_text()});
  EXPECT_EQ(peer.receive(), "");
  peer.answer("what?");
  EXPECT_EQ(netcat.wait(kPrompt), 0);
  EXPECT_EQ(netcat.err.rest(),
            "Connection to 127.0.0.1 " + peer.port_text() + " port [udp/*] succeeded!\n");
}

TEST(NetcatUdpScan, SilenceIsOpenOrFiltered) {
  UdpPeer peer;
  const auto end = run({"netcat", "-zuvn", "-w", "200ms", "127.0.0.1", peer.port_text()});
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.err,
            "Connection to 127.0.0.1 " + peer.port_text() + " port [udp/*] open or filtered\n");
  EXPECT_EQ(peer.receive(), "");
  EXPECT_EQ(peer.receive(), "");
  EXPECT_FALSE(peer.readable(Millis(0)));
}

TEST(NetcatUdpScan, RefusedIsStatus4OnlyIfAllAre) {
  UdpPeer deaf, open;
  deaf.refuse_others();
  const std::string port = deaf.port_text();
  const auto quiet = run({"netcat", "-zu", "127.0.0.1", port});
  EXPECT_EQ(quiet.status, 4);
  EXPECT_EQ(quiet.err, "netcat: connect to 127.0.0.1 port " + port + ": connection refused\n");
  const auto loud = run({"netcat", "-zuv", "127.0.0.1", port});
  EXPECT_EQ(loud.status, 4);
  EXPECT_EQ(loud.err,
            "netcat: connect to 127.0.0.1 port " + port + " (udp) failed: Connection refused\n");
  const auto both = run({"netcat", "-zu", "-w", "100ms", "127.0.0.1", port, open.port_text()});
  EXPECT_EQ(both.status, 0);
  EXPECT_EQ(both.err, "");
}

TEST(NetcatUdpScan, EveryAddressOfAName) {
  UdpPeer peer;  // on 127.0.0.1; ::1 refuses
  const auto end = run({"netcat", "-zuv", "-w", "100ms", "localhost", peer.port_text()});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.err, HasSubstr("port " + peer.port_text() + " (udp) failed: Connection refused"));
  EXPECT_THAT(end.err, HasSubstr("(127.0.0.1) " + peer.port_text() + " port [udp/"));
}

// The kernel may choose the port that is probed as the source port.
TEST(NetcatUdpScan, ItsOwnSocketIsNotAnOpenPort) {
  const std::string port = UdpPeer().port_text();  // free again
  const auto end = run({"netcat", "-zu", "-s", "127.9.8.7", "-p", port, "127.9.8.7", port});
  EXPECT_EQ(end.status, 4);
  EXPECT_EQ(end.err, "netcat: connect to 127.9.8.7 port " + port + ": connection refused\n");
}

TEST(NetcatUdpScan, ASourcePortIsForOneProbeAtATime) {
  UdpPeer deaf, open;
  deaf.refuse_others();
  const std::string source = UdpPeer().port_text();
  const auto end = run({"netcat", "-zuvn", "-w", "100ms", "-s", "127.9.8.7", "-p", source,
                        "127.0.0.1", deaf.port_text(), open.port_text()});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.err, HasSubstr("port " + deaf.port_text() + " (udp) failed: Connection refused"));
  EXPECT_THAT(end.err, HasSubstr(" " + open.port_text() + " port [udp/*] open or filtered\n"));
}

TEST(NetcatUdpScan, ASourceThatCannotBeBoundIsStatus7) {
  UdpPeer peer;
  const std::string port = peer.port_text();
  const auto taken = run({"netcat", "-zuv", "-s", "127.0.0.1", "-p", port, "127.0.0.1", port});
  EXPECT_EQ(taken.status, 7);
  EXPECT_EQ(taken.err, "netcat: bind to 127.0.0.1 port " + port + ": address already in use\n");
  // The other family's address of the name is refused, which tells more.
  peer.refuse_others();
  const auto other = run({"netcat", "-zu", "-s", "127.0.0.1", "localhost", port});
  EXPECT_EQ(other.status, 4);
  EXPECT_THAT(other.err, HasSubstr("connection refused"));
}

TEST(NetcatUdpScan, Json) {
  UdpPeer peer;
  const auto silent = run({"netcat", "-zu", "--json", "-w", "50ms", "127.0.0.1", peer.port_text()});
  EXPECT_THAT(silent.err, HasSubstr(R"("outcome":"open or filtered")"));
  EXPECT_THAT(silent.err, HasSubstr(R"("protocol":"udp")"));
  peer.refuse_others();
  const auto refused = run({"netcat", "-zu", "--json", "127.0.0.1", peer.port_text()});
  EXPECT_THAT(refused.err, HasSubstr(R"("outcome":"refused","error":"connection refused")"));
}

}  // namespace
}  // namespace e2e
