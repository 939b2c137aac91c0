// netcat -l -k -e: a program for each client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;

TEST(NetcatPrograms, OneForEachClient) {
  Listening server({"-k", "-e", "cat"});
  Socket first = server.connect(), second = server.connect();
  second.send("two\n");
  EXPECT_EQ(second.line(), "two");
  first.send("one\n");
  EXPECT_EQ(first.line(), "one");
  first.close();
  second.send("still\n");
  EXPECT_EQ(second.line(), "still");
  EXPECT_EQ(server.netcat.stop(), 128 + SIGTERM);
  EXPECT_EQ(second.rest(), "");
}

TEST(NetcatPrograms, AFailureIsALineAndNoMore) {
  Listening server({"-k", "-c", "read code; exit $code"});
  Socket first = server.connect();
  first.send("7\n");
  EXPECT_EQ(first.rest(), "");
  EXPECT_THAT(server.netcat.err.take_until("exited with 7\n"), HasSubstr("netcat: "));
  Socket second = server.connect();
  second.send("0\n");
  EXPECT_EQ(second.rest(), "");
  server.netcat.stop();
}

TEST(NetcatPrograms, ALossNamesTheClientAndNotTheListener) {
  for (const Words& options : {Words{}, Words{"--idle-timeout", "1h"}}) {
    Listening s(with({"-k", "-c", "head -c1; sleep 100"}, options), {.in = Stdio::null()});
    auto client = s.connect();
    const std::string place = "127.0.0.1:" + std::to_string(client.local_port());
    client.send("x");
    EXPECT_EQ(client.take(1), "x");
    client.reset();
    EXPECT_THAT(s.netcat.err.line(), HasSubstr("Connection received on "));
    EXPECT_EQ(s.netcat.err.line(), "netcat: " + place + ": connection reset by peer");
  }
}

// Neither the end is a byte, nor is anything missed that was there before the program.
TEST(NetcatPrograms, EveryByteThatTheyReceiveIsCounted) {
  for (const bool early : {false, true}) {
    Listening s({"-vv", "-e", "cat"}, {.in = Stdio::null()});
    if (early) s.netcat.signal(SIGSTOP);
    auto client = s.connect();
    if (!early) s.netcat.err.take_until("Connection received on ");
    client.send("hello\n");
    client.finish();
    s.netcat.signal(SIGCONT);
    EXPECT_EQ(client.rest(), "hello\n");
    EXPECT_THAT(finish(s.netcat).err, HasSubstr("Sent 6 bytes, received 6 bytes in "));
  }
}

TEST(NetcatPrograms, MaxConnsAtOnce) {
  Listening server({"-k", "--max-conns", "1", "-c", "echo hello; cat"});
  Socket first = server.connect(), second = server.connect();
  EXPECT_EQ(first.line(), "hello");
  EXPECT_TRUE(second.silent_for(kSilence));
  first.close();
  EXPECT_EQ(second.line(), "hello");
}

// The hundred and first waits in the backlog.
TEST(NetcatPrograms, AHundredAtOnce) {
  Listening server({"-k", "-c", "echo hello; exec cat"});
  std::vector<Socket> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(server.connect());
  for (Socket& client : clients) EXPECT_EQ(client.line(), "hello");
  Socket last = server.connect();
  EXPECT_TRUE(last.silent_for(kSilence));
  clients.front().finish();
  EXPECT_EQ(last.line(), "hello");
  EXPECT_EQ(server.netcat.stop(), 128 + SIGTERM);
}

// netcat has all the descriptors that it may; a program has the limit that netcat was started with.
TEST(NetcatPrograms, HaveTheLimitOfDescriptorsFromBefore) {
  Process netcat(
      {"bash", "-c",
       "ulimit -S -n 64; exec " + bin_dir() + "/netcat -v -l -k -c 'ulimit -S -n' 127.0.0.1 0"});
  const std::string line = netcat.err.line();
  const int port = std::stoi(line.substr(line.rfind(' ') + 1));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(connect_tcp("127.0.0.1", port).rest(), "64\n");
  const std::string limits = read_file("/proc/" + std::to_string(netcat.pid()) + "/limits");
  const std::string files = limits.substr(limits.find("Max open files"));
  EXPECT_NE(std::stol(files.substr(14)), 64);
}

TEST(NetcatPrograms, WaitForAProcessToSpare) {
  const TempDir dir;
  const std::string file = dir.file("fails", "");
  Process netcat({"netcat", "-l", "-k", "-n", "-v", "-e", "cat", "127.0.0.1", "0"},
                 {.env = {"LD_PRELOAD=" FAILING_SPAWN, "FAILING_SPAWN=" + file,
                          "ASAN_OPTIONS=verify_asan_link_order=0"}});
  const std::string listening = netcat.err.line();
  Socket client = connect_tcp("127.0.0.1", std::stoi(listening.substr(listening.rfind(' '))));
  client.send("hello\n");
  const std::string said = netcat.err.take_until("unavailable\n");
  EXPECT_THAT(said, HasSubstr(": cat: cannot be started: resource temporarily unavailable\n"));
  EXPECT_TRUE(netcat.err.silent_for(Millis(1200)));  // it has tried again, and says nothing
  unlink(file.c_str());
  EXPECT_EQ(client.line(), "hello");
  netcat.stop();
}

TEST(NetcatProgram, ThatCannotBeStartedIsStatus12) {
  const TempDir dir;
  const std::string file = dir.file("fails", "");
  auto listener = Listener::tcp();
  const auto end = run({"netcat", "-e", "cat", "127.0.0.1", listener.port_text()}, "",
                       {.env = {"LD_PRELOAD=" FAILING_SPAWN, "FAILING_SPAWN=" + file,
                                "ASAN_OPTIONS=verify_asan_link_order=0"}});
  EXPECT_EQ(end.status, 12);
  EXPECT_EQ(end.err, "netcat: cat: cannot be started: resource temporarily unavailable\n");
}

TEST(NetcatPrograms, LeaveNoZombie) {
  Listening server({"-k", "-c", "(sleep 0.1; exec true) & exit 0"});
  for (int i = 0; i < 20; ++i) (void)server.connect().rest();
  const std::string pid = std::to_string(server.netcat.pid());
  wait_until("all children are reaped", [&pid] {
    return run({"ps", "--ppid", pid, "-o", "pid="}).out.empty();
  });
  server.netcat.stop();
}

// As process 1 a signal has no default action, and orphans are ours.
TEST(NetcatPrograms, AsProcessOne) {
  const auto unshare = run({"unshare", "--user", "--map-root-user", "--pid", "--fork", "true"});
  if (unshare.status != 0) GTEST_SKIP() << unshare.err;
  const auto end = shell(R"sh(
    exec 3< <(exec unshare --user --map-root-user --pid --fork --kill-child netcat -l -v -k -c \
      '(sleep 0.2; exec true) & echo hello; exec cat' 127.0.0.1 0 2>&1)
    read -r line <&3; port=${line##* }
    netcat -d 127.0.0.1 "$port" < /dev/null & client=$!
    while ! pgrep -P "$(pgrep -n -f 'netcat -l -v -k')" > /dev/null; do sleep 0.05; done
    pid=$(pgrep -n -f '^netcat -l -v -k'); kill -TERM "$pid"
    wait $client; echo "client $?"; cat <&3 > /dev/null)sh");
  EXPECT_EQ(end.out, "hello\nclient 0\n");
}

}  // namespace
}  // namespace e2e
