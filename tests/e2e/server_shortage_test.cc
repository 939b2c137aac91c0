// A daemon that is short of something: threads, descriptors, room in its log, time to accept.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class Shortage : public testing::TestWithParam<Tool> {
 protected:
  const Tool& tool() const { return GetParam(); }
  std::string says(const std::string& what) const { return tool().name + ": " + what; }
};

INSTANTIATE_TEST_SUITE_P(Each, Shortage, testing::Values(clockd(), reverbd(), passwordd()),
                         [](const auto& tool) { return tool.param.name; });

std::vector<std::string> failing(const std::string& call, int error) {
  // AddressSanitizer's runtime would come second, which is right here.
  return {"LD_PRELOAD=" FAILING_CALLS, "FAIL_" + call + "=" + std::to_string(error),
          "ASAN_OPTIONS=verify_asan_link_order=0"};
}

TEST_P(Shortage, WithoutAThreadToBeHadItSaysSoBeforeItIsReady) {
  const TempDir dir;
  const auto end = run(tool().with({"--threads", "3", "--print-port", "unix:" + dir.path("s")}), {},
                       {.env = failing("PTHREAD_CREATE", EAGAIN)});
  EXPECT_EQ(end.status, 8);
  EXPECT_EQ(end.err, says("cannot start 3 threads: resource temporarily unavailable\n"));
  EXPECT_EQ(end.out, "");
  EXPECT_NE(access(dir.path("s").c_str(), F_OK), 0) << "it left its socket behind";
}

TEST(CounterdShortage, WithoutAThreadForItsFileItSaysSo) {
  const TempDir dir;
  const auto path = dir.path("counters.db");
  const auto end = run({"counterd", "--store", path, "--print-port", "127.0.0.1:0"}, {},
                       {.env = failing("PTHREAD_CREATE", EAGAIN)});
  EXPECT_EQ(end.status, 8);
  EXPECT_EQ(end.err,
            "counterd: " + path + ": cannot start a thread: resource temporarily unavailable\n");
  EXPECT_EQ(end.out, "");
}

// SQLite would then open it to read alone, and every change would fail.
TEST(CounterdShortage, AFileThatCannotBeWrittenIsRefused) {
  const TempDir dir;
  const auto path = dir.path("counters.db");
  const auto end = run({"counterd", "--store", path, "--print-port", "127.0.0.1:0"}, {},
                       {.env = failing("OPEN_TO_WRITE", EACCES)});
  EXPECT_EQ(end.status, 8);
  EXPECT_THAT(end.err, HasSubstr(path + ": "));
  EXPECT_THAT(end.err, HasSubstr("readonly"));
  EXPECT_EQ(end.out, "") << "it said that it is ready";
}

TEST_P(Shortage, AcceptThatFailsForGoodEndsTheServer) {
  for (const int error : {ENOSYS, EPERM, EINVAL}) {
    Daemon daemon(tool().name, tool().options(), {.env = failing("ACCEPT4", error)});
    const auto client = daemon.connect();
    EXPECT_EQ(daemon.wait(kPrompt), 7);
    EXPECT_THAT(daemon.err.rest(),
                MatchesRegex(".*listening on[^\n]*\n" + says("accept: [^(\n]*\n")));
  }
}

TEST_P(Shortage, AFewDescriptorsAreASentence) {
  for (const rlim_t descriptors : {4, 5, 6, 7, 8, 9}) {
    SCOPED_TRACE(descriptors);
    const auto end = run(tool().with({"127.0.0.1:0"}), {}, {.descriptors = descriptors});
    if (end.status == 127) continue;  // a library could not be opened
    EXPECT_THAT(end.status, testing::AnyOf(7, 8));
    EXPECT_THAT(end.err, MatchesRegex(tool().name + ": [^\n]*: too many open files\n"));
  }
}

// However few they are, it does not wait for a client to leave if there can be none.
TEST_P(Shortage, WhatStartsWithFewDescriptorsServes) {
  bool started = false;
  for (rlim_t descriptors = 10; !started; ++descriptors) {
    SCOPED_TRACE(descriptors);
    Process daemon(tool().with({"--print-port", "127.0.0.1:0"}), {.descriptors = descriptors});
    const std::string ports = daemon.out.rest();
    started = !ports.empty();
    if (!started) {
      EXPECT_THAT(daemon.wait(), testing::AnyOf(7, 8, 127));  // 127: without its libraries
      continue;
    }
    auto client = connect_tcp("127.0.0.1", std::stoi(ports));
    tool().prove_served(client);
    EXPECT_EQ(daemon.stop(), 0);
  }
}

TEST_P(Shortage, AStaleUnixSocketIsNotBlamed) {
  const TempDir dir;
  Listener::unix_socket(dir.path("socket")).close();
  for (const rlim_t descriptors : {4, 5, 6, 7, 8, 9}) {
    SCOPED_TRACE(descriptors);
    const auto end =
        run(tool().with({"unix:" + dir.path("socket")}), {}, {.descriptors = descriptors});
    if (end.status == 127) continue;  // a library could not be opened
    EXPECT_THAT(end.err, MatchesRegex(tool().name + ": [^\n]*: too many open files\n"));
  }
}

// A pipe that nobody reads, as full as it gets.
std::pair<Fd, Fd> full_pipe() {
  auto ends = pipe_pair();
  fcntl(ends.second.get(), F_SETFL, O_NONBLOCK);
  const std::string page(4096, 'x');
  while (write(ends.second.get(), page.data(), page.size()) > 0) continue;
  while (write(ends.second.get(), "x", 1) > 0) continue;
  fcntl(ends.second.get(), F_SETFL, 0);
  return ends;
}

TEST_P(Shortage, AFullPipeForItsLogHoldsNothingUp) {
  const auto [reader, writer] = full_pipe();
  Daemon daemon(tool().name, tool().options({"-v"}), {.err = Stdio::fd(writer)});
  for (int i = 0; i < 3; ++i) {
    auto client = daemon.connect();
    tool().prove_served(client);
  }
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(Shortage, ALogThatMayNotGrowEndsNothing) {
  const TempDir dir;
  std::string command = "ulimit -f 1; exec " + bin_dir() + "/" + tool().name;
  for (const std::string& option : tool().quick) command += " '" + option + "'";
  command += " -v --print-port 127.0.0.1:0 2>" + dir.path("log");
  Process daemon({"sh", "-c", command});
  const int port = std::stoi(daemon.out.line());
  for (int i = 0; i < 40; ++i) {
    auto client = connect_tcp("127.0.0.1", port);
    tool().ask(client);
    tool().expect_answer(client);
  }
  EXPECT_EQ(daemon.stop(), 0);
  const auto size = std::filesystem::file_size(dir.path("log"));
  EXPECT_TRUE(size == 512 || size == 1024) << size;  // one block, whose size the shell knows
}

TEST_P(Shortage, DroppedLogLinesAreCounted) {
  auto [reader, writer] = full_pipe();
  Daemon daemon(tool().name, tool().options({"-v", "--no-sandbox"}), {.err = Stdio::fd(writer)});
  auto first = daemon.connect();
  tool().prove_served(first);  // and with it "listening on" and "connected"
  Channel log(std::move(reader));
  log.absorb();
  daemon.signal(SIGUSR1);
  EXPECT_THAT(line_with(log, "dropped"),
              HasSubstr("log lines dropped because standard error was blocked: 2"));
  EXPECT_THAT(log.line(), HasSubstr("clients now 1"));
}

// Their connections are in the queue when the signal comes: a reset would lose their requests.
TEST_P(Shortage, SigtermServesThoseWhoHaveConnected) {
  Daemon daemon(tool().name, tool().options({"--drain", "1m"}));
  daemon.signal(SIGSTOP);
  std::vector<Socket> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(daemon.connect());
  for (auto& client : clients) tool().ask(client);
  daemon.signal(SIGTERM);
  daemon.signal(SIGCONT);
  for (auto& client : clients) tool().expect_answer(client);
  for (auto& client : clients) (void)client.rest();
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST_P(Shortage, SigtermServesThoseWhoWaitAtTheLimit) {
  Daemon daemon(tool().name, tool().options({"--drain", "1m", "-m", "2"}));
  std::vector<Socket> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(daemon.connect());
  for (auto& client : clients) tool().ask(client);
  tool().expect_answer(clients[0]);
  daemon.signal(SIGTERM);
  for (std::size_t i = 1; i < clients.size(); ++i) tool().expect_answer(clients[i]);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST_P(Shortage, SecondSigusr1WhileDrainingIsHarmless) {
  Daemon daemon(tool().name, tool().options({"--threads", "4"}));
  std::vector<Socket> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(daemon.connect());
  for (auto& client : clients) tool().prove_served(client);
  daemon.signal(SIGTERM);
  try {
    for (int i = 0; i < 1000; ++i) daemon.signal(SIGUSR1);
  } catch (const std::exception&) {
    // It has ended.
  }
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

// What came in time counts, however late it is looked at.
TEST(Paused, ReverbdTakesALineThatCameInTime) {
  Daemon daemon("reverbd", {"--idle-timeout", "1s", "--delay", "0"});
  auto client = daemon.connect();
  client.send("a\n");
  for (int i = 0; i < 3; ++i) (void)client.line();
  daemon.signal(SIGSTOP);
  client.send("b\n");
  EXPECT_TRUE(client.silent_for(Millis(1500)));
  daemon.signal(SIGCONT);
  EXPECT_EQ(client.line(), "\t B");
}

TEST(Paused, StatusdTakesARequestThatCameInTime) {
  Daemon daemon("statusd", {"--idle-timeout", "1s"});
  auto client = daemon.connect();
  statusd().prove_served(client);
  daemon.signal(SIGSTOP);
  statusd().ask(client);
  EXPECT_TRUE(client.silent_for(Millis(1500)));
  daemon.signal(SIGCONT);
  statusd().expect_answer(client);
}

// Ticks that take longer than the interval.
TEST(Busy, ClockdAcceptsAndStopsBetweenTicks) {
  Daemon daemon("clockd", {"--interval", "1ms"});
  std::vector<Socket> clients;
  for (int i = 0; i < 600; ++i) clients.push_back(daemon.connect());
  for (auto& client : clients) (void)client.line();
  auto late = daemon.connect();
  (void)late.line();
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Busy, ReverbdServesOthersDuringAFloodOfLines) {
  Daemon daemon("reverbd", {"--delay", "0"});
  auto flood = daemon.connect({.narrow = false});
  flood.send(std::string(60'000, '\n'));
  auto other = daemon.connect();
  reverbd().prove_served(other);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(NoThread, NetcatLooksNamesUpAllTheSame) {
  auto listener = Listener::tcp();
  // An address that only the resolver reads.
  const auto end = run({"netcat", "-z", "127.1", listener.port_text()}, {},
                       {.env = failing("PTHREAD_CREATE", EAGAIN)});
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.err, "");
}

TEST(NoMemory, IsASentence) {
  if (is_sanitized()) GTEST_SKIP() << "sanitizers need more address space than there is";
  Process daemon({"bash", "-c",
                  "ulimit -v 100000; exec reverbd --max-line 1000000000 --print-port 127.0.0.1:0"});
  auto client = connect_tcp("127.0.0.1", std::stoi(daemon.out.line()));
  try {
    for (int i = 0; i < 200; ++i) client.send(std::string(1 << 20, 'x'));
  } catch (const std::exception&) {
    // It has ended.
  }
  EXPECT_EQ(daemon.wait(), 8);
  EXPECT_THAT(daemon.err.rest(), testing::EndsWith("reverbd: out of memory\n"));
}

// Where there is no /dev/null to fill them with.
TEST(ClosedDescriptors, WithoutDevNullAreFilled) {
  const TempDir dir;
  const auto end = shell(
      "unshare --mount --map-root-user true 2>/dev/null || exit 77\n"
      "exec unshare --mount --map-root-user bash -c '\n"
      "  mount -t tmpfs none /dev && clockd --once --count 1 --format %% unix:$0/s 0<&- 1>&- 2>&- "
      "&\n"
      "  until netcat -d -U $0/s 2>$0/log; do sleep 0.1; done; wait $!' " +
      dir.path(""));
  if (end.status == 77) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_EQ(end.out, "%\n");
}

TEST(OneByOne, TheSameDescriptorTwiceIsAUsageError) {
  auto listener = Listener::tcp();
  const auto end = run({"clockd", "fd:5", "fd:5"}, {}, {.inherited = {{5, listener.fd().get()}}});
  EXPECT_EQ(end.status, 2);
  EXPECT_EQ(end.err, "clockd: 'fd:5' is given twice\n");
}

}  // namespace
}  // namespace e2e
