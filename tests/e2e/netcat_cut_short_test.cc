// A sender that does not get to the end of its input: its receiver must not take what it has for
// the whole, and exits with status 1.  So does the sender to a receiver that cannot keep the data.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"
#include "terminal.h"

namespace e2e {
namespace {

using testing::HasSubstr;

constexpr std::size_t kBig = std::size_t{32} << 20;  // more than all buffers on the way hold

// A receiver of ours, whose output the test reads.
struct Receiver : Listening {
  Receiver() : Listening({}, {.in = Stdio::null()}) {}
  Words to() const { return {"127.0.0.1", std::to_string(port)}; }
  void expect_lost() {
    const auto end = finish(netcat);
    EXPECT_EQ(end.status, 1);
    EXPECT_THAT(end.err, HasSubstr("connection reset by peer"));
  }
};

class NetcatKilled : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(By, NetcatKilled, testing::Values(SIGTERM, SIGINT, SIGHUP, SIGKILL),
                         [](const auto& signal) { return sigabbrev_np(signal.param); });

TEST_P(NetcatKilled, InTheMiddleOfAFile) {
  const TempDir dir;
  Receiver receiver;
  Process sender(netcat_argv({}, receiver.to()), {.in = Stdio::file(dir.file("f", noise(kBig)))});
  (void)receiver.netcat.out.take(100'000);
  sender.signal(GetParam());
  EXPECT_EQ(sender.wait(), 128 + GetParam());
  receiver.expect_lost();
}

TEST_P(NetcatKilled, WhileItsPipeIsIdle) {
  Receiver receiver;
  Process sender(netcat_argv({}, receiver.to()), all_pipes());
  sender.in.send("half a file\n");
  EXPECT_EQ(receiver.netcat.out.line(), "half a file");
  sender.signal(GetParam());
  EXPECT_EQ(sender.wait(), 128 + GetParam());
  receiver.expect_lost();
}

TEST_P(NetcatKilled, AsAServer) {
  for (const Words& options : {Words{}, Words{"-k"}}) {
    const TempDir dir;
    Listening server(options, {.in = Stdio::file(dir.file("f", noise(kBig)))});
    Process receiver({"netcat", "127.0.0.1", std::to_string(server.port)});
    (void)receiver.out.take(100'000);
    server.netcat.signal(GetParam());
    EXPECT_EQ(server.netcat.wait(), 128 + GetParam());
    EXPECT_EQ(receiver.wait(), 1);
  }
}

// All was sent; what is cut short is only the wait for an answer.
TEST_P(NetcatKilled, AfterTheEndOfItsInputHasCutNothingShort) {
  Receiver receiver;
  Process sender(netcat_argv({"--no-shutdown"}, receiver.to()), all_pipes());
  sender.in.send("a file\n");
  sender.in.close();
  EXPECT_EQ(receiver.netcat.out.line(), "a file");
  EXPECT_TRUE(sender.lives_for(kSilence));  // it has seen the end of its input
  sender.signal(GetParam());
  EXPECT_EQ(receiver.netcat.wait(), 0);
}

TEST_P(NetcatKilled, AsAReceiver) {
  Session s({"-d"});
  s.peer.send("one\n");
  EXPECT_EQ(s.netcat.out.line(), "one");
  s.netcat.signal(GetParam());
  EXPECT_EQ(s.peer.rest(), "");
}

// Whoever types can see what arrived.
TEST_P(NetcatKilled, AtATerminalIsAnOrdinaryClose) {
  Terminal terminal;
  Receiver receiver;
  Process sender(netcat_argv({}, receiver.to()),
                 {.in = Stdio::fd(terminal.tty()), .terminal = true});
  terminal.keyboard.send("typed\n");
  EXPECT_EQ(receiver.netcat.out.line(), "typed");
  sender.signal(GetParam());
  EXPECT_EQ(sender.wait(), 128 + GetParam());
  EXPECT_EQ(receiver.netcat.wait(), 0);
}

// ---- a failure of its own ----

void expect_failed(Process& sender, const std::string& why) {
  const auto end = finish(sender);
  EXPECT_EQ(end.status, 8);
  EXPECT_THAT(end.err, HasSubstr(why));
}

TEST(NetcatCutShort, ByAnInputThatCannotBeRead) {
  for (const std::string input : {"/", "/proc/self/mem"}) {  // EISDIR, EIO
    SCOPED_TRACE(input);
    Receiver receiver;
    Process sender(netcat_argv({}, receiver.to()), {.in = Stdio::file(input)});
    expect_failed(sender, "netcat: stdin: ");
    receiver.expect_lost();
  }
}

// The memory of this process, at a mapping that is longer than its file.
TEST(NetcatCutShort, ByAnInputThatFailsInTheMiddle) {
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  const TempDir dir;
  const Fd file(open(dir.file("f", noise(kBytes)).c_str(), O_RDONLY | O_CLOEXEC));
  void* pages = mmap(nullptr, 2 * kBytes, PROT_READ, MAP_PRIVATE, file.get(), 0);
  ASSERT_NE(pages, MAP_FAILED);
  const Fd memory(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  ASSERT_GE(lseek(memory.get(), reinterpret_cast<off_t>(pages), SEEK_SET), 0);
  Receiver receiver;
  Process sender(netcat_argv({}, receiver.to()), {.in = Stdio::fd(memory)});
  expect_failed(sender, "netcat: stdin: ");
  receiver.expect_lost();
  munmap(pages, 2 * kBytes);
}

TEST(NetcatCutShort, ByAFullLog) {
  const TempDir dir;
  for (const char* option : {"--output", "--hex-dump"}) {
    Receiver receiver;
    Process sender(netcat_argv({option, "/dev/full"}, receiver.to()),
                   {.in = Stdio::file(dir.file("f", "all of the file\n"))});
    expect_failed(sender, "netcat: /dev/full: ");
    receiver.expect_lost();
  }
}

TEST(NetcatCutShort, ByALogThatFillsWhileAPipeFlows) {
  Receiver receiver;
  Process sender(netcat_argv({"--output", "/dev/full"}, receiver.to()), all_pipes());
  EXPECT_TRUE(sender.lives_for(kSilence));  // it waits for its input
  sender.in.send("the first line of more\n");
  expect_failed(sender, "netcat: /dev/full: ");
  receiver.expect_lost();
}

TEST(NetcatCutShort, ByAFullOutput) {
  for (const bool flows : {true, false}) {
    Session s({}, {.in = Stdio::pipe(), .out = Stdio::file("/dev/full")});
    if (flows) {
      s.netcat.in.send("half a file\n");
      EXPECT_EQ(s.peer.line(), "half a file");
    }
    s.peer.send("an answer without a place\n");
    expect_failed(s.netcat, "netcat: stdout: ");
    EXPECT_TRUE(s.peer.is_reset());
  }
}

// A receiver that cannot keep what it gets: its sender must not take the data for delivered.
TEST(NetcatCutShort, ByAReceiverWithoutSpace) {
  const TempDir dir;
  const std::string small = dir.file("small", "all of the file\n");
  const std::string big = dir.file("big", noise(kBig));
  for (const Words& options : {Words{}, Words{"-d"}, Words{"-k"}, Words{"-k", "-d"}})
    for (const std::string& file : {small, big}) {
      SCOPED_TRACE(testing::PrintToString(options) + file);
      Listening receiver(options, {.in = Stdio::null(), .out = Stdio::file("/dev/full")});
      Process sender(netcat_argv({}, {"127.0.0.1", std::to_string(receiver.port)}),
                     {.in = Stdio::file(file)});
      EXPECT_EQ(sender.wait(), 1);
      expect_failed(receiver.netcat, "netcat: stdout: ");
    }
}

TEST(NetcatCutShort, ByAReceiverWhoseLogIsFull) {
  const TempDir dir;
  Listening receiver({"--output", "/dev/full"}, {.in = Stdio::null()});
  Process sender(netcat_argv({}, {"127.0.0.1", std::to_string(receiver.port)}),
                 {.in = Stdio::file(dir.file("f", "all of the file\n"))});
  EXPECT_EQ(sender.wait(), 1);
  expect_failed(receiver.netcat, "netcat: /dev/full: ");
}

TEST(NetcatCutShort, ByAReceiverThatHasNoOutput) {
  const TempDir dir;
  Listening receiver({}, {.in = Stdio::null(), .out = Stdio::closed()});
  Process sender(netcat_argv({}, {"127.0.0.1", std::to_string(receiver.port)}),
                 {.in = Stdio::file(dir.file("f", "all of the file\n"))});
  EXPECT_EQ(sender.wait(), 1);
  expect_failed(receiver.netcat, "netcat: stdout: ");
}

TEST(NetcatCutShort, ByAFullLogOfAServerOfMany) {
  Listening server({"-k", "--output", "/dev/full"});
  Process receiver({"netcat", "127.0.0.1", std::to_string(server.port)});
  server.netcat.in.send("the first line of more\n");
  EXPECT_EQ(server.netcat.wait(), 8);
  EXPECT_EQ(receiver.wait(), 1);
}

TEST(NetcatCutShort, ByAnInputThatAServerOfManyCannotRead) {
  Listening server({"-k"}, {.in = Stdio::file("/")});
  Process receiver({"netcat", "127.0.0.1", std::to_string(server.port)});
  EXPECT_EQ(receiver.wait(), 1);
  EXPECT_EQ(server.netcat.wait(), 8);
}

}  // namespace
}  // namespace e2e
