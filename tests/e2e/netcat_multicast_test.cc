// netcat -u and multicast groups, over the loopback interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "session.h"

namespace e2e {
namespace {

using testing::MatchesRegex;

constexpr const char* kGroup = "239.255.77.1";

TEST(NetcatMulticast, AListenerJoinsAndAnswersReachTheClient) {
  for (const Words& way : {Words{"-s", "127.0.0.1", kGroup}, {std::string(kGroup) + "%lo"}}) {
    Words argv{"netcat", "-ulvn"};
    argv.insert(argv.end(), way.begin(), way.end());
    Process server(with(argv, {"0"}), all_pipes());
    const std::string port = std::to_string(announced_port(server));
    Process twin(with(argv, {port}), all_pipes());
    announced_port(twin);
    argv[1] = "-uvn";
    Process client(with(argv, {port}), all_pipes());
    client.in.send("who is there?\n");
    for (Process* member : {&server, &twin}) {
      EXPECT_EQ(member->out.line(), "who is there?");
      EXPECT_THAT(member->err.line(), MatchesRegex("Connection received on [0-9.]+ [0-9]+"));
      member->in.send("me\n");
      EXPECT_EQ(client.out.line(), "me");
    }
    EXPECT_THAT(client.err.line(), MatchesRegex("Connection received on [0-9.]+ [0-9]+"));
    client.in.send("again\n");
    EXPECT_EQ(server.out.line(), "again");
    EXPECT_EQ(twin.out.line(), "again");
  }
}

TEST(NetcatMulticast, AnswersOfAPythonResponder) {
  const std::string responder = R"py(
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('239.255.77.2', 0))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
             socket.inet_aton('239.255.77.2') + socket.inet_aton('127.0.0.1'))
print(s.getsockname()[1], flush=True)
data, who = s.recvfrom(2000)
for n in (1, 2):
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(('127.0.0.%d' % n, 0))
    other.sendto(b'%d: %s' % (n, data), who)
)py";
  if (!installed("python3")) GTEST_SKIP() << "no python3";
  Process python({"python3", "-c", responder}, all_pipes());
  const auto end =
      run({"netcat", "-un", "-W2", "-w20", "-s", "127.0.0.1", "239.255.77.2", python.out.line()},
          "M-SEARCH\n");
  EXPECT_EQ(end.out, "1: M-SEARCH\n2: M-SEARCH\n");
  EXPECT_EQ(end.status, 0) << end.err;
}

TEST(NetcatMulticast, AnUnknownInterfaceIsAnError) {
  for (const Words& options : {Words{"-u"}, {"-ul"}}) {
    const auto end = run(netcat_argv(options, {"239.1.2.3%typo", "7000"}));
    EXPECT_EQ(end.status, 3);
    EXPECT_EQ(end.err, "netcat: cannot resolve 239.1.2.3%typo: no such network interface\n");
  }
}

// It would not be used.
TEST(NetcatMulticast, OnlyAGroupHasAnInterface) {
  for (const Words& options : {Words{"-u"}, {"-ul"}, {"-zu"}}) {
    const auto end = run(netcat_argv(options, {"127.0.0.1%lo", "7000"}));
    EXPECT_EQ(end.status, 3);
    EXPECT_EQ(end.err, "netcat: cannot resolve 127.0.0.1%lo: name not found\n");
  }
}

}  // namespace
}  // namespace e2e
