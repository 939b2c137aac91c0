// netcat -x: what it says, what it sends, and how it ends; the test is the proxy.
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "proxy_tunnel.h"

namespace e2e {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;
using testing::Not;

TEST(NetcatProxy, TheEndOfInputIsNotPassedOn) {
  Tunnel tunnel;
  tunnel.netcat.in.send("question\n");
  tunnel.netcat.in.close();
  EXPECT_EQ(tunnel.client.line(), "question");
  EXPECT_TRUE(tunnel.client.silent_for(kSilence));
  tunnel.client.send("answer\n");
  tunnel.client.close();
  const auto end = finish(tunnel.netcat);
  EXPECT_EQ(end.out, "answer\n");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatProxy, TheEndOfInputIsPassedOnIfAskedFor) {
  for (const char* option : {"-N", "--send-only"}) {
    Tunnel tunnel({option});
    tunnel.netcat.in.send("question\n");
    tunnel.netcat.in.close();
    EXPECT_EQ(tunnel.client.rest(), "question\n") << option;
    tunnel.client.close();
    EXPECT_EQ(finish(tunnel.netcat).status, 0) << option;
  }
}

TEST(NetcatProxy, QuitAfterBoundsTheWait) {
  Tunnel tunnel({"-q", "200ms"}, {.in = Stdio::null()});
  EXPECT_EQ(finish(tunnel.netcat).status, 0);
}

TEST(NetcatProxy, MovesMuchBothWays) {
  Tunnel tunnel;
  const std::string data = noise(3'000'000);
  tunnel.client.send(data.substr(0, 100'000));
  EXPECT_EQ(tunnel.netcat.out.take(100'000), data.substr(0, 100'000));
  tunnel.netcat.in.send(data.substr(0, 60'000));
  EXPECT_EQ(tunnel.client.take(60'000), data.substr(0, 60'000));
  tunnel.client.close();
  EXPECT_EQ(finish(tunnel.netcat).status, 0);
}

TEST(NetcatProxy, VerboseNamesTheProxy) {
  Tunnel tunnel({"-v"}, {.in = Stdio::null()});
  tunnel.client.close();
  const auto end = finish(tunnel.netcat);
  EXPECT_EQ(end.err,
            "Connection to db.test 5432 port [tcp/postgresql] succeeded! (by proxy "
            "127.0.0.1 port " +
                tunnel.proxy.port_text() + ")\n");
}

TEST(NetcatProxy, JsonHasTheProxyAndAnEventForEachHop) {
  Tunnel tunnel({"--json"}, {.in = Stdio::null()});
  tunnel.client.close();
  const auto end = finish(tunnel.netcat);
  const std::string by = "\"proxy\":\"127.0.0.1:" + tunnel.proxy.port_text() + "\"";
  std::istringstream lines(end.err);
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);) events.push_back(line);
  ASSERT_EQ(events.size(), 4U) << end.err;
  EXPECT_THAT(events[0], testing::AllOf(HasSubstr("\"event\":\"attempt\""), HasSubstr(by)));
  EXPECT_THAT(events[1], testing::AllOf(HasSubstr("\"event\":\"proxy\""), HasSubstr(by),
                                        HasSubstr("\"type\":\"http\",\"target\":\"db.test:5432\""),
                                        HasSubstr("\"outcome\":\"connected\"")));
  EXPECT_THAT(events[2], testing::AllOf(HasSubstr("\"event\":\"connected\""), HasSubstr(by),
                                        HasSubstr("\"target\":\"db.test:5432\"")));
  EXPECT_THAT(events[3], HasSubstr("\"event\":\"closed\""));
}

// --- chains ---

TEST(NetcatProxy, ProxiesAreAskedInTheirOrder) {
  auto first = Listener::tcp();
  Process netcat({"netcat", "-v", "-x", "http://127.0.0.1:" + first.port_text(), "-x",
                  "socks5://next.test:9", "db.test", "5432"});
  Socket client = first.accept();
  EXPECT_THAT(client.take_until("\r\n\r\n"), HasSubstr("CONNECT next.test:9 HTTP/1.1\r\n"));
  client.send(kOk + "\x05\0"s);
  EXPECT_EQ(client.take(3), "\x05\x01\0"s);
  EXPECT_EQ(client.take(14),
            "\x05\x01\0\x03\x07"
            "db.test\x15\x38"s);
  client.send("\x05\0\0\x01\0\0\0\0\0\0data"s);
  client.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.out, "data");
  EXPECT_THAT(end.err,
              HasSubstr("(by proxy 127.0.0.1 port " + first.port_text() + ", next.test port 9)\n"));
}

TEST(NetcatProxy, AProxyThatThePreviousOneCannotReach) {
  auto first = Listener::tcp();
  Process netcat({"netcat", "-x", "socks5://127.0.0.1:" + first.port_text(), "-x", "http://q.test",
                  "db.test", "5432"});
  Socket client = first.accept();
  client.send("\x05\0\x05\x05"s);
  const auto end = finish(netcat);
  EXPECT_EQ(end.status, 11);
  EXPECT_EQ(end.err, "netcat: proxy q.test:3128 by proxy 127.0.0.1:" + first.port_text() +
                         ": connection refused\n");
}

// --- the proxy itself ---

TEST(NetcatProxy, IsNotThere) {
  const std::string port = std::to_string(free_port());
  const auto end = run({"netcat", "-x", "127.0.0.1:" + port, "db.test", "5432"});
  EXPECT_EQ(end.status, 11);
  EXPECT_EQ(end.err, "netcat: proxy 127.0.0.1:" + port + ": connection refused\n");
}

TEST(NetcatProxy, HasNoSuchName) {
  const auto end = run({"netcat", "-n", "-x", "nosuch.invalid", "10.0.0.1", "5432"});
  EXPECT_EQ(end.status, 11);
  EXPECT_THAT(end.err, HasSubstr("netcat: proxy nosuch.invalid:1080: "));
}

TEST(NetcatProxy, ComesLater) {
  const std::string port = std::to_string(free_port());
  Process netcat({"netcat", "-v", "--wait", "--retry-interval", "20ms", "-x", "127.0.0.1:" + port,
                  "db.test", "5432"});
  EXPECT_EQ(netcat.err.line(),
            "netcat: connect to 127.0.0.1 port " + port + " (tcp) failed: Connection refused");
  EXPECT_TRUE(netcat.lives_for(kSilence));
  netcat.stop();
}

TEST(NetcatProxy, IsAskedAgainForATargetThatIsNotThereYet) {
  auto proxy = Listener::tcp();
  Process netcat({"netcat", "--retry", "1", "--retry-interval", "10ms", "-x",
                  "127.0.0.1:" + proxy.port_text(), "db.test", "5432"});
  proxy.accept().send("\x05\0\x05\x05"s);
  Socket again = proxy.accept();
  again.send("\x05\0\x05\0\0\x01\0\0\0\0\0\0data"s);
  (void)again.take(17);
  again.close();
  const auto end = finish(netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "data");
}

TEST(NetcatProxy, IsNotAskedAgainWhenItDenies) {
  for (const char* answer : {"HTTP/1.1 403 No\r\n", "HTTP/1.1 407 x\r\n\r\n"}) {
    auto proxy = Listener::tcp();
    Process netcat({"netcat", "--wait", "-w", "20", "-x", "http://127.0.0.1:" + proxy.port_text(),
                    "db.test", "5432"});
    Socket client = proxy.accept();
    (void)client.take_until("\r\n\r\n");
    client.send(answer);
    EXPECT_EQ(finish(netcat, kPrompt).status, 11) << answer;
  }
}

TEST(NetcatProxy, ScansOnePortAtATime) {
  auto proxy = Listener::tcp();
  Process netcat({"netcat", "-z", "-v", "-x", "127.0.0.1:" + proxy.port_text(), "db.test", "1-2"});
  {
    Socket client = proxy.accept();
    client.send("\x05\0"s);
    EXPECT_EQ(client.take(17).substr(15), "\0\x01"s);
    client.send("\x05\x05"s);
  }
  Socket client = proxy.accept();
  client.send("\x05\0"s);
  EXPECT_EQ(client.take(17).substr(15), "\0\x02"s);
  client.send("\x05\0\0\x01\0\0\0\0\0\0"s);
  const auto end = finish(netcat);
  EXPECT_EQ(end.status, 0);
  const std::string by = "127.0.0.1:" + proxy.port_text();
  EXPECT_EQ(end.err,
            "netcat: db.test port 1 by proxy " + by +
                ": connection refused\nConnection to db.test 2 port [tcp/*] succeeded! (by "
                "proxy 127.0.0.1 port " +
                proxy.port_text() + ")\n");
}

// --- names ---

TEST(NetcatProxy, LocalNamesAreTriedInTurn) {
  auto proxy = Listener::tcp();
  Process netcat({"netcat", "--proxy-dns", "local", "-x", "127.0.0.1:" + proxy.port_text(),
                  "localhost", "80"});
  Socket client = proxy.accept();
  client.send("\x05\0"s);
  std::string types = client.take(7).substr(6);
  client.send("\x05\x05");
  Socket again = proxy.accept();
  again.send("\x05\0"s);
  types += again.take(7).substr(6);
  again.send("\x05\0\0\x01\0\0\0\0\0\0data"s);
  (void)again.take(6);
  again.close();
  EXPECT_EQ(finish(netcat).out, "data");
  EXPECT_THAT(types, testing::UnorderedElementsAre('\x01', '\x04'));
}

TEST(NetcatProxy, Socks4IsToldAnIpv4Address) {
  auto proxy = Listener::tcp();
  Process netcat({"netcat", "-X", "4", "-x", "127.0.0.1:" + proxy.port_text(), "localhost", "80"});
  Socket client = proxy.accept();
  EXPECT_EQ(client.take(9), "\x04\x01\0\x50\x7f\0\0\x01\0"s);
  client.send("\0\x5a\0\0\0\0\0\0data"s);
  client.close();
  EXPECT_EQ(finish(netcat).out, "data");
}

TEST(NetcatProxy, NumericWantsANumericTarget) {
  const auto end =
      run({"netcat", "-n", "-x", "127.0.0.1:" + std::to_string(free_port()), "db.test", "5432"});
  EXPECT_EQ(end.status, 3);
  EXPECT_THAT(end.err, HasSubstr("db.test"));
}

TEST(NetcatProxy, UsageErrors) {
  const struct {
    Words options;
    std::string why;
  } rows[] = {
      {{"-x", "http://me:secret@p"}, "a password here is visible"},
      {{"-x", "ftp://p"}, "unknown proxy type 'ftp'"},
      {{"-x", "p:0"}, "invalid proxy"},
      {{"-X", "6", "-x", "p"}, "unknown proxy type '6'"},
      {{"-X", "5"}, "-X requires --proxy"},
      {{"-P", "me:x"}, "-P requires --proxy"},
      {{"--proxy-dns", "local"}, "--proxy-dns requires --proxy"},
      {{"--proxy-dns", "x", "-x", "p"}, "must be local or remote"},
      {{"-x", "env", "-x", "p"}, "--proxy env must be the only --proxy"},
      {{"-l", "-x", "p"}, "-x does not work with -l"},
      {{"-u", "-x", "p"}, "-x does not work with -u"},
      {{"-P", "a:b", "-x", "p", "-F", "-z"}, "-F does not work with -z"},
      {{"-x", "socks5://p", "-P", "me:"}, "1 to 255 bytes"},
  };
  const auto no_name = run({"netcat", "-x", "p", std::string(256, 'a'), "5432"});
  EXPECT_EQ(no_name.status, 2);
  EXPECT_THAT(no_name.err, testing::StartsWith("netcat: invalid host name 'aaa"));
  for (const auto& row : rows) {
    const auto end = run(with(with({"netcat"}, row.options), {"db.test", "5432"}));
    EXPECT_EQ(end.status, 2) << row.why;
    EXPECT_THAT(end.err, HasSubstr(row.why));
    EXPECT_THAT(end.err, Not(HasSubstr("secret")));
  }
}

// --- the environment ---

TEST(NetcatProxy, IsTakenFromTheEnvironmentOnlyIfAsked) {
  auto proxy = Listener::tcp();
  const std::string variable = "all_proxy=http://me:secret@127.0.0.1:" + proxy.port_text() + "/";
  {
    Process netcat({"netcat", "-x", "env", "db.test", "5432"}, {.env = {variable}});
    Socket client = proxy.accept();
    EXPECT_THAT(client.take_until("\r\n\r\n"), HasSubstr("Basic bWU6c2VjcmV0\r\n"));
    client.send(kOk);
    client.close();
    EXPECT_EQ(finish(netcat).status, 0);
  }
  auto server = Listener::tcp();
  for (const Words& options : {Words{}, {"-x", "env"}}) {
    Process netcat(with(with({"netcat"}, options), {"127.0.0.1", server.port_text()}),
                   {.in = Stdio::pipe(), .env = {variable, "no_proxy=127.0.0.0/8"}});
    Socket peer = server.accept();
    netcat.in.close();
    EXPECT_EQ(peer.rest(), "");  // directly: the half-close is sent
    peer.close();
    EXPECT_EQ(finish(netcat).status, 0);
  }
}

// --- --pass-fd ---

// The descriptor that comes over `socket`.
Fd receive_fd(const Fd& socket) {
  char byte = 1;
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC) != 1) fail_errno("recvmsg");
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) fail("no descriptor came");
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return Fd(fd);
}

TEST(NetcatPassFd, HandsTheSocketOverWithAllThatFollowsTheAnswer) {
  auto [ours, theirs] = socket_pair();
  auto proxy = Listener::tcp();
  Process netcat({"netcat", "-F", "-x", "http://127.0.0.1:" + proxy.port_text(), "db.test", "22"},
                 {.in = Stdio::pipe(), .out = Stdio::fd(theirs)});
  Socket client = proxy.accept();
  (void)client.take_until("\r\n\r\n");
  client.send(kOk + "SSH-2.0-test\r\n");
  Socket passed(receive_fd(ours));
  EXPECT_EQ(netcat.wait(), 0);
  EXPECT_EQ(passed.line(), "SSH-2.0-test\r");
  passed.send("hello\n");
  EXPECT_EQ(client.line(), "hello");
}

TEST(NetcatPassFd, WithoutAProxy) {
  auto [ours, theirs] = socket_pair();
  auto server = Listener::tcp();
  Process netcat({"netcat", "-F", "127.0.0.1", server.port_text()}, {.out = Stdio::fd(theirs)});
  Socket peer = server.accept();
  Socket passed(receive_fd(ours));
  EXPECT_EQ(netcat.wait(), 0);
  passed.send("hello\n");
  EXPECT_EQ(peer.line(), "hello");
}

TEST(NetcatPassFd, RequiresASocket) {
  auto server = Listener::tcp();
  const auto end = run({"netcat", "-F", "127.0.0.1", server.port_text()});
  EXPECT_EQ(end.status, 8);
  EXPECT_EQ(end.err, "netcat: stdout: --pass-fd requires a Unix-domain socket\n");
}

}  // namespace
}  // namespace e2e
