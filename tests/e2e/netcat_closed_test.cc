// netcat with some of its standard descriptors closed, as `<&- >&-` leaves them: the peer never
// gets its own words back, and what has a place to go arrives there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "session.h"
#include "udp_peer.h"

namespace e2e {
namespace {

using testing::Bool;
using testing::MatchesRegex;

// Which of the descriptors are closed.
struct Closed : testing::TestWithParam<std::tuple<bool, bool, bool>> {
  bool in() const { return std::get<0>(GetParam()); }
  bool out() const { return std::get<1>(GetParam()); }
  bool err() const { return std::get<2>(GetParam()); }
  Spawn spawn() const {
    const auto end = [](bool closed) { return closed ? Stdio::closed() : Stdio::pipe(); };
    return {.in = end(in()), .out = end(out()), .err = end(err())};
  }
  // "ping" goes to the peer and "pong" to standard output, as far as they exist.
  void expect_conversation(Process& netcat, Socket& peer, bool of_client, bool ends) const;
};

void Closed::expect_conversation(Process& netcat, Socket& peer, bool of_client, bool ends) const {
  if (in() && of_client) {
    EXPECT_EQ(peer.rest(), "");  // a server has no input then, which half-closes nothing
  } else if (!in()) {
    netcat.in.send("ping\n");
    EXPECT_EQ(peer.line(), "ping");
  }
  peer.send("pong\n");
  if (out()) {  // there is no place for it
    const auto end = finish(netcat);
    EXPECT_EQ(end.status, 8);
    EXPECT_THAT(end.err, MatchesRegex(err() ? "" : "netcat: stdout: [^\n]+\n"));
    EXPECT_EQ(peer.available(), "");
    return;
  }
  EXPECT_EQ(netcat.out.line(), "pong");
  peer.finish();
  netcat.in.close();
  EXPECT_EQ(peer.rest(), "");
  if (ends) {
    const auto end = finish(netcat);
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out + end.err, "");
  }
}

using NetcatClosedStdio = Closed;

std::string closed_name_of(const testing::TestParamInfo<Closed::ParamType>& info) {
  const auto [in, out, err] = info.param;
  const std::string all = std::string(in ? "In" : "") + (out ? "Out" : "") + (err ? "Err" : "");
  return all.empty() ? "None" : all;
}

INSTANTIATE_TEST_SUITE_P(Some, NetcatClosedStdio, testing::Combine(Bool(), Bool(), Bool()),
                         closed_name_of);

TEST_P(NetcatClosedStdio, OfAClient) {
  Session s({}, spawn());
  expect_conversation(s.netcat, s.peer, true, true);
}

// The first connection that can be made, since a server of one has no other.
Socket connect_when_served(const std::string& path) {
  Socket socket;
  wait_until("it listens", [&] {
    try {
      socket = connect_unix(path);
    } catch (const std::runtime_error&) {
      return false;
    }
    return true;
  });
  return socket;
}

TEST_P(NetcatClosedStdio, OfAServerOfOne) {
  const TempDir dir;
  Process netcat({"netcat", "-l", "-U", dir.path("socket")}, spawn());
  auto peer = connect_when_served(dir.path("socket"));
  expect_conversation(netcat, peer, false, true);
}

TEST_P(NetcatClosedStdio, OfAServerOfMany) {
  const TempDir dir;
  Process netcat({"netcat", "-l", "-k", "-U", dir.path("socket")}, spawn());
  auto peer = connect_when_served(dir.path("socket"));
  expect_conversation(netcat, peer, false, false);
  if (out()) return;
  EXPECT_TRUE(netcat.lives_for(kSilence));
}

// A server that greets must not keep what is sent from going out.
TEST(NetcatClosed, StdoutOfASenderWhoseInputComesLater) {
  Session s({}, {.in = Stdio::pipe(), .out = Stdio::closed()});
  s.peer.send("welcome\n");
  const std::string data = noise(300'000);
  s.netcat.in.send(data);
  s.netcat.in.close();
  EXPECT_TRUE(s.peer.rest() == data);
  s.peer.send("goodbye\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 8);
  EXPECT_THAT(end.err, MatchesRegex("netcat: stdout: [^\n]+\n"));
}

// The client has something to say first: that is how it can be answered.
TEST(NetcatClosed, StdoutOfADatagramClient) {
  UdpPeer peer;
  Process netcat({"netcat", "-u", "-q", "-1", "127.0.0.1", peer.port_text()},
                 {.in = Stdio::pipe(), .out = Stdio::closed()});
  netcat.in.send("ping\n");
  EXPECT_EQ(peer.receive(), "ping\n");
  peer.answer("pong\n");
  const auto end = finish(netcat);
  EXPECT_EQ(end.status, 8);
  EXPECT_THAT(end.err, MatchesRegex("netcat: stdout: [^\n]+\n"));
  EXPECT_FALSE(peer.readable(kSilence));
}

}  // namespace
}  // namespace e2e
