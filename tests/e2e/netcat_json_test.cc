// netcat --json and -vv: what happened, for scripts and for people.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"
#include "udp_peer.h"

namespace e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end == text.npos ? text.size() : end + 1;
  }
  return lines;
}

// The raw value of a member of one line; empty where there is none.
std::string member(const std::string& line, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  std::size_t at = line.find(key);
  if (at == line.npos) return "";
  at += key.size();
  const bool text = line[at] == '"';
  const std::size_t end = text ? line.find('"', at + 1) + 1 : line.find_first_of(",}", at);
  return line.substr(at, end - at);
}

std::string event(const std::string& line) { return member(line, "event"); }

// Python's opinion, which is independent of ours.
bool is_json(const std::string& line) {
  const auto end = run({"python3", "-c", "import json, sys\njson.loads(sys.stdin.read())"}, line);
  return end.status == 0;
}

TEST(NetcatJson, AClientsConnection) {
  Session s({"--json"});
  s.netcat.in.send("hello");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "hello");
  s.peer.send("bye");
  const int local_port = s.peer.peer_port();
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "bye");
  const auto lines = lines_of(end.err);
  ASSERT_EQ(lines.size(), 4U) << end.err;
  for (const std::string& line : lines) EXPECT_TRUE(is_json(line)) << line;
  EXPECT_EQ(event(lines[0]), "\"resolved\"");
  EXPECT_THAT(lines[0], HasSubstr("\"addresses\":[\"127.0.0.1\"]"));
  EXPECT_EQ(event(lines[1]), "\"attempt\"");
  EXPECT_EQ(member(lines[1], "address"), "\"127.0.0.1\"");
  EXPECT_EQ(member(lines[1], "port"), s.server.port_text());
  EXPECT_EQ(member(lines[1], "outcome"), "\"connected\"");
  EXPECT_THAT(member(lines[1], "ms"), MatchesRegex("[0-9]+\\.[0-9]+"));
  EXPECT_EQ(event(lines[2]), "\"connected\"");
  EXPECT_EQ(member(lines[2], "local_port"), std::to_string(local_port));
  EXPECT_EQ(event(lines[3]), "\"closed\"");
  EXPECT_EQ(member(lines[3], "bytes_sent"), "5");
  EXPECT_EQ(member(lines[3], "bytes_received"), "3");
  EXPECT_EQ(member(lines[3], "closed_first"), "\"local\"");
  EXPECT_EQ(member(lines[3], "reason"), "\"complete\"");
}

TEST(NetcatJson, ThePeerEndsFirst) {
  Session s({"--json"});
  s.peer.send("bye\n");
  s.peer.close();
  const auto lines = lines_of(finish(s.netcat).err);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(member(lines.back(), "closed_first"), "\"peer\"");
  EXPECT_EQ(member(lines.back(), "input_open"), "true");
}

TEST(NetcatJson, AResetIsTheReasonAndAnError) {
  Session s({"--json"});
  s.netcat.in.send("x");
  EXPECT_EQ(s.peer.take(1), "x");
  s.peer.reset();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 1);
  const auto lines = lines_of(end.err);
  ASSERT_EQ(lines.size(), 5U) << end.err;
  EXPECT_EQ(member(lines[3], "closed_first"), "\"peer\"");
  EXPECT_EQ(member(lines[3], "reason"), "\"reset\"");
  EXPECT_EQ(member(lines[3], "bytes_sent"), "1");
  EXPECT_EQ(event(lines[4]), "\"error\"");
  EXPECT_EQ(member(lines[4], "status"), "1");
  EXPECT_EQ(member(lines[4], "host"), "\"127.0.0.1\"");
  EXPECT_EQ(member(lines[4], "port"), s.server.port_text());
  EXPECT_THAT(lines[4], HasSubstr("connection reset by peer"));
}

TEST(NetcatJson, EachAddressThatWasTried) {
  const int port = free_port();
  const auto end = run({"netcat", "--json", "localhost", std::to_string(port)});
  EXPECT_EQ(end.status, 4);
  const auto lines = lines_of(end.err);
  ASSERT_EQ(lines.size(), 4U) << end.err;
  EXPECT_EQ(member(lines[0], "host"), "\"localhost\"");
  EXPECT_EQ(member(lines[1], "address"), "\"::1\"");
  EXPECT_EQ(member(lines[1], "outcome"), "\"refused\"");
  EXPECT_EQ(member(lines[2], "address"), "\"127.0.0.1\"");
  EXPECT_EQ(member(lines[2], "outcome"), "\"refused\"");
  EXPECT_EQ(event(lines[3]), "\"error\"");
}

TEST(NetcatJson, ANameThatIsNotFound) {
  const auto end = run({"netcat", "--json", "nosuch.invalid", "80"});
  EXPECT_EQ(end.status, 3);
  const auto lines = lines_of(end.err);
  ASSERT_EQ(lines.size(), 1U) << end.err;
  EXPECT_EQ(event(lines[0]), "\"error\"");
  EXPECT_EQ(member(lines[0], "status"), "3");
}

TEST(NetcatJson, AServersPortComesBeforeItsClient) {
  Process netcat({"netcat", "--json", "-v", "-l", "127.0.0.1", "0"}, all_pipes());
  const std::string listening = netcat.err.line();
  EXPECT_EQ(event(listening), "\"listening\"");
  EXPECT_EQ(member(listening, "address"), "\"127.0.0.1\"");
  auto client = connect_tcp("127.0.0.1", std::stoi(member(listening, "port")));
  const std::string connected = netcat.err.line();
  EXPECT_EQ(event(connected), "\"connected\"");
  EXPECT_EQ(member(connected, "port"), std::to_string(client.local_port()));
  client.send("123456");
  client.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "123456");
  EXPECT_EQ(member(end.err, "bytes_received"), "6");
}

TEST(NetcatJson, EachClientOfManyIsClosed) {
  Process netcat({"netcat", "--json", "-lkd", "127.0.0.1", "0"}, all_pipes());
  const int port = std::stoi(member(netcat.err.line(), "port"));
  auto one = connect_tcp("127.0.0.1", port);
  EXPECT_EQ(event(netcat.err.line()), "\"connected\"");
  auto two = connect_tcp("127.0.0.1", port);
  EXPECT_EQ(event(netcat.err.line()), "\"connected\"");
  one.send("from one\n");
  EXPECT_EQ(netcat.out.line(), "from one");
  const std::string port_of_one = std::to_string(one.local_port());
  one.close();
  const std::string first = netcat.err.line();
  EXPECT_EQ(event(first), "\"closed\"");
  EXPECT_EQ(member(first, "port"), port_of_one);
  EXPECT_EQ(member(first, "bytes_received"), "9");
  EXPECT_EQ(member(first, "closed_first"), "\"peer\"");
  two.reset();
  EXPECT_EQ(event(netcat.err.line()), "\"error\"");
  const std::string second = netcat.err.line();
  EXPECT_EQ(member(second, "reason"), "\"reset\"");
  EXPECT_EQ(member(second, "bytes_received"), "0");
}

TEST(NetcatJson, AScanHasAnAttemptForEachPort) {
  auto server = Listener::tcp();
  const auto end = run({"netcat", "--json", "-z", "127.0.0.1", server.port_text()});
  EXPECT_EQ(end.status, 0);
  const auto lines = lines_of(end.err);
  ASSERT_EQ(lines.size(), 2U) << end.err;
  EXPECT_EQ(member(lines[1], "outcome"), "\"connected\"");
}

TEST(NetcatJson, Datagrams) {
  UdpPeer peer;
  Process netcat({"netcat", "--json", "-u", "127.0.0.1", peer.port_text()}, all_pipes());
  netcat.in.send("question");
  netcat.in.close();
  EXPECT_EQ(peer.receive(), "question");
  peer.answer("answers");
  const auto end = finish(netcat);
  const auto lines = lines_of(end.err);
  ASSERT_EQ(lines.size(), 3U) << end.err;
  EXPECT_EQ(member(lines[1], "protocol"), "\"udp\"");
  EXPECT_EQ(member(lines[2], "bytes_sent"), "8");
  EXPECT_EQ(member(lines[2], "bytes_received"), "7");
  EXPECT_EQ(member(lines[2], "port"), peer.port_text());
}

TEST(NetcatJson, AUnixSocketHasAPath) {
  TempDir dir;
  auto server = Listener::unix_socket(dir.path("s"));
  Process netcat({"netcat", "--json", "-U", dir.path("s")}, all_pipes());
  server.accept().close();
  const auto lines = lines_of(finish(netcat).err);
  ASSERT_EQ(lines.size(), 3U);
  for (const std::string& line : lines) EXPECT_EQ(member(line, "path"), '"' + dir.path("s") + '"');
}

TEST(NetcatVerbose, TwiceTellsTheTotals) {
  Session s({"-vv"});
  s.netcat.in.send("hello");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "hello");
  s.peer.send("hi");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(
      lines_of(end.err),
      ElementsAre(StartsWith("Connection to 127.0.0.1 "),
                  MatchesRegex("Sent 5 bytes, received 2 bytes in [0-9]+\\.[0-9]+ seconds")));
}

}  // namespace
}  // namespace e2e
