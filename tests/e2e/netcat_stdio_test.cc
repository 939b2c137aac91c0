// netcat's own ends: whatever stdin and stdout are, they work, and they are left as found.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon.h"
#include "netns.h"
#include "session.h"
#include "terminal.h"

namespace e2e {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

bool is_nonblocking(const Fd& fd) { return fcntl(fd.get(), F_GETFL) & O_NONBLOCK; }

// ---- every kind of stdin: "ping" and end of file reach the server, its "pong" reaches stdout ----

void expect_ping_pong(Session& s, const std::string& ping = "ping\n") {
  EXPECT_EQ(s.peer.rest(), ping);
  s.peer.send("pong\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "pong\n");
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

TEST(NetcatStdin, File) {
  const TempDir dir;
  Session s({}, {.in = Stdio::file(dir.file("in", "ping\n"))});
  expect_ping_pong(s);
}

TEST(NetcatStdin, FileFromWhereItsOffsetIs) {
  const TempDir dir;
  const Fd file = open_file(dir.file("in", "skip ping\n"), O_RDONLY);
  lseek(file.get(), 5, SEEK_SET);
  Session s({}, {.in = Stdio::fd(file)});
  expect_ping_pong(s);
}

TEST(NetcatStdin, Pipe) {
  Session s;
  s.netcat.in.send("ping\n");
  s.netcat.in.close();
  expect_ping_pong(s);
}

TEST(NetcatStdin, Socket) {
  auto [ours, theirs] = socket_pair();
  Session s({}, {.in = Stdio::fd(theirs)});
  Socket input(std::move(ours));
  input.send("ping\n");
  input.finish();
  expect_ping_pong(s);
}

TEST(NetcatStdin, Terminal) {
  Terminal terminal;
  Session s({}, {.in = Stdio::fd(terminal.tty()), .terminal = true});
  terminal.keyboard.send("ping\n\x04");
  expect_ping_pong(s);
}

// The side that a terminal emulator has.
TEST(NetcatStdin, AndStdoutAreTheMasterOfATerminal) {
  Terminal terminal;
  termios modes = terminal.modes();
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);  // which would send "pong" back
  ASSERT_EQ(tcsetattr(terminal.tty().get(), TCSANOW, &modes), 0);
  Channel program(terminal.tty().duplicate());
  const Stdio master{.kind = Stdio::Kind::kGiven, .given = terminal.keyboard.fd()};
  Session s({}, {.in = master, .out = master});
  program.send("ping\n");
  EXPECT_THAT(s.peer.take_until("\n"), HasSubstr("ping"));
  s.peer.send("pong\n");
  EXPECT_EQ(program.line(), "pong");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatStdin, Null) {
  Session s({}, {.in = Stdio::null()});
  expect_ping_pong(s, "");
}

TEST(NetcatStdin, Closed) {
  Session s({}, {.in = Stdio::closed()});
  expect_ping_pong(s, "");
}

TEST(NetcatStdin, DirectoryCannotBeRead) {
  auto server = Listener::tcp();
  Process netcat({"netcat", "127.0.0.1", server.port_text()}, {.in = Stdio::file("/tmp")});
  const auto end = finish(netcat);
  EXPECT_EQ(end.status, 8);
  EXPECT_THAT(end.err, MatchesRegex("netcat: stdin: [^\n]*directory\n"));
}

TEST(NetcatStdin, BigFileArrivesWhole) {
  const TempDir dir;
  const std::string data = noise(20 << 20);
  Session s({}, {.in = Stdio::file(dir.file("in", data))});
  EXPECT_TRUE(s.peer.rest() == data);
}

// ---- every kind of stdout ----

// Runs a netcat that is sent "pong" and leaves.
int pong_to(Stdio out) {
  Session s({}, {.in = Stdio::pipe(), .out = std::move(out)});
  s.peer.send("pong\n");
  s.peer.close();
  return s.netcat.wait();
}

TEST(NetcatStdout, File) {
  const TempDir dir;
  EXPECT_EQ(pong_to(Stdio::file(dir.path("out"))), 0);
  EXPECT_EQ(read_file(dir.path("out")), "pong\n");
}

TEST(NetcatStdout, FileSharedWithOthersBeforeAndAfter) {
  const TempDir dir;
  Daemon daemon("clockd", {"--format", "%%", "--count", "1"});
  const auto end = shell("(echo before; netcat 127.0.0.1 " + daemon.port_text() +
                         "; echo after) >" + dir.path("out"));
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(read_file(dir.path("out")), "before\n%\nafter\n");
}

TEST(NetcatStdout, FileThatIsAppendedTo) {
  const TempDir dir;
  const std::string path = dir.file("out", "before\n");
  EXPECT_EQ(pong_to(Stdio::fd(open_file(path, O_WRONLY | O_APPEND))), 0);
  EXPECT_EQ(read_file(path), "before\npong\n");
}

// A file system of 64 KiB.
TEST(NetcatStdout, FullFileSystemIsStatus8) {
  const std::string why = why_no_namespaces();
  if (!why.empty()) GTEST_SKIP() << why;
  const auto end = in_namespace(R"(
    directory=$(mktemp -d); mount -t tmpfs -o size=64k tmpfs $directory
    $BIN/netcat -l -v -n 127.0.0.1 0 2> $directory.err < /dev/null > $directory/out & receiver=$!
    until port=$(sed -n 's/^Listening on .* //p' $directory.err) && [ -n "$port" ]; do :; done
    head -c 1000000 /dev/zero | $BIN/netcat --send-only 127.0.0.1 $port 2> /dev/null
    wait $receiver; echo "status $?"; sed -n '/stdout/p' $directory.err
    umount $directory; rm -rf $directory $directory.err)");
  EXPECT_EQ(end.out, "status 8\nnetcat: stdout: no space left on device\n") << end.err;
}

TEST(NetcatStdout, Socket) {
  auto [ours, theirs] = socket_pair();
  EXPECT_EQ(pong_to(Stdio::fd(theirs)), 0);
  theirs.close();
  EXPECT_EQ(Socket(std::move(ours)).rest(), "pong\n");
}

TEST(NetcatStdout, Terminal) {
  Terminal terminal;
  EXPECT_EQ(pong_to(Stdio::fd(terminal.tty())), 0);
  EXPECT_EQ(terminal.keyboard.line(), "pong\r");
}

TEST(NetcatStdout, Null) { EXPECT_EQ(pong_to(Stdio::null()), 0); }

TEST(NetcatStdout, FullDeviceIsStatus8) {
  Session s({}, {.in = Stdio::pipe(), .out = Stdio::file("/dev/full")});
  s.peer.send("pong\n");
  const auto end = finish(s.netcat, kPrompt);
  EXPECT_EQ(end.status, 8);
  EXPECT_EQ(end.err, "netcat: stdout: no space left on device\n");
}

TEST(NetcatStdout, ClosedIsNoPlaceForAnAnswer) { EXPECT_EQ(pong_to(Stdio::closed()), 8); }

TEST(NetcatStdout, ClosedDoesNotMatterWhenNothingArrives) {
  Session s({}, {.out = Stdio::closed()});
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatStdout, OfASlowReaderHoldsTheSenderUpAndLosesNothing) {
  Session s;
  const std::size_t limit = 256 << 20;
  const std::size_t sent = s.peer.send_until_stuck(noise(100'000), Millis(1000), limit);
  EXPECT_LT(sent, limit);
  s.peer.close();
  EXPECT_EQ(s.netcat.out.rest().size(), sent);
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatStdio, BothWaysAtFullSpeed) {
  const TempDir dir;
  const std::string data = noise(20 << 20);
  Session s({}, {.in = Stdio::file(dir.file("in", data)), .out = Stdio::file(dir.path("out"))});
  for (std::size_t echoed = 0; echoed < data.size();) {
    std::string chunk = s.peer.take(1);
    chunk += s.peer.available();
    s.peer.send(chunk);
    echoed += chunk.size();
  }
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_TRUE(read_file(dir.path("out")) == data);
}

TEST(NetcatStdio, OneSocketForBoth) {
  auto [ours, theirs] = socket_pair();
  Session s({}, {.in = Stdio::fd(theirs), .out = Stdio::fd(theirs)});
  theirs.close();
  Socket user(std::move(ours));
  user.send("ping\n");
  user.finish();
  EXPECT_EQ(s.peer.rest(), "ping\n");
  s.peer.send("pong\n");
  s.peer.close();
  EXPECT_EQ(user.rest(), "pong\n");
  EXPECT_EQ(s.netcat.wait(), 0);
}

// ---- stdout's reader leaves: by SIGPIPE, at once and silently ----

TEST(NetcatReader, ThatLeavesAPipeWhileTheNetworkIsIdle) {
  Session s;
  s.peer.send("one\n");
  EXPECT_EQ(s.netcat.out.line(), "one");
  s.netcat.out.close();
  EXPECT_EQ(s.netcat.wait(kPrompt), 128 + SIGPIPE);
  EXPECT_EQ(s.netcat.err.rest(), "");
}

TEST(NetcatReader, ThatLeavesASocketWhileTheNetworkIsIdle) {
  auto [ours, theirs] = socket_pair();
  Session s({}, {.in = Stdio::pipe(), .out = Stdio::fd(theirs)});
  theirs.close();
  ours.close();
  EXPECT_EQ(s.netcat.wait(kPrompt), 128 + SIGPIPE);
}

TEST(NetcatReader, ThatHangsUpATerminalWhileTheNetworkIsIdle) {
  Terminal terminal;
  Session s({}, {.in = Stdio::pipe(), .out = Stdio::fd(terminal.tty())});
  terminal.keyboard.close();
  EXPECT_NE(s.netcat.wait(kPrompt), 0);
}

TEST(NetcatReader, ThatIsHeadEndsThePipeline) {
  Daemon daemon("clockd", {"--interval", "1h"});
  const auto end =
      shell("netcat 127.0.0.1 " + daemon.port_text() + " | head -1 | wc -l; echo ${PIPESTATUS[0]}");
  EXPECT_EQ(end.out, "1\n141\n");
  EXPECT_EQ(end.err, "");
}

TEST(NetcatReader, ThatNeverWasEndsAFlood) {
  Session s;
  s.netcat.out.close();
  EXPECT_EQ(s.netcat.wait(kPrompt), 128 + SIGPIPE);
}

// A shell or a service manager may have it ignored: then 141's meaning is kept by the status.
TEST(NetcatReader, ThatLeavesWhileSigpipeIsIgnored) {
  Daemon daemon("clockd", {"--interval", "50ms"});
  const auto end = shell("trap '' PIPE; netcat 127.0.0.1 " + daemon.port_text() +
                         " | head -1 | wc -l; echo ${PIPESTATUS[0]}");
  EXPECT_EQ(end.out, "1\n141\n");
  EXPECT_EQ(end.err, "");
}

// ---- descriptors that others share are left as found ----

struct Shared {
  std::vector<Fd> ends;  // what netcat gets, and the far ends that keep them alive
  std::unique_ptr<Terminal> terminal;
  const Fd& in() const { return terminal ? terminal->tty() : ends[0]; }
  const Fd& out() const { return terminal ? terminal->tty() : ends[1]; }
};

Shared shared(const std::string& kind) {
  Shared shared;
  if (kind == "terminal") shared.terminal = std::make_unique<Terminal>();
  if (kind == "terminal") return shared;
  auto [in, far_in] = kind == "pipe" ? pipe_pair() : socket_pair();
  auto [far_out, out] = kind == "pipe" ? pipe_pair() : socket_pair();
  for (Fd* end : {&in, &out, &far_in, &far_out}) shared.ends.push_back(std::move(*end));
  return shared;
}

class NetcatShares : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Kinds, NetcatShares, testing::Values("pipe", "socket", "terminal"),
                         [](const auto& kind) { return kind.param; });

TEST_P(NetcatShares, AndLeavesNoNonblockingMode) {
  for (const int how : {0, SIGTERM, SIGINT}) {
    const Shared fds = shared(GetParam());
    Session s({"-v"}, {.in = Stdio::fd(fds.in()), .out = Stdio::fd(fds.out())});
    (void)s.netcat.err.line();
    s.peer.send("pong\n");
    if (how) s.netcat.signal(how);
    if (!how) s.peer.close();
    EXPECT_EQ(s.netcat.wait(), how ? 128 + how : 0);
    EXPECT_FALSE(is_nonblocking(fds.in())) << "stdin, signal " << how;
    EXPECT_FALSE(is_nonblocking(fds.out())) << "stdout, signal " << how;
  }
}

// kill -9 gives no chance to put anything back.
TEST_P(NetcatShares, AndSetsNoNonblockingModeWhileItRuns) {
  const Shared fds = shared(GetParam());
  Session s({"-v"}, {.in = Stdio::fd(fds.in()), .out = Stdio::fd(fds.out())});
  (void)s.netcat.err.line();
  s.peer.send("pong\n");
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
  EXPECT_FALSE(is_nonblocking(fds.in())) << "stdin";
  EXPECT_FALSE(is_nonblocking(fds.out())) << "stdout";
}

TEST(NetcatTerminal, IsLeftAsFound) {
  Terminal terminal;
  const auto before = terminal.modes();
  const auto tty = Stdio::fd(terminal.tty());
  Session s({}, {.in = tty, .out = tty, .terminal = true});
  terminal.keyboard.send("ping\n");
  EXPECT_EQ(s.peer.line(), "ping");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_TRUE(same_modes(before, terminal.modes()));
}

TEST(NetcatTerminal, InterruptKeyEndsItByTheSignal) {
  Terminal terminal;
  const auto before = terminal.modes();
  const auto tty = Stdio::fd(terminal.tty());
  Session s({}, {.in = tty, .out = tty, .terminal = true});
  terminal.keyboard.send("\x03");
  EXPECT_EQ(s.netcat.wait(kPrompt), 128 + SIGINT);
  EXPECT_TRUE(same_modes(before, terminal.modes()));
}

// ---- nothing of netcat's lands on a standard descriptor that was closed ----

TEST(NetcatClosed, StandardDescriptorsNeverBecomeTheSocket) {
  Session s({"-v"}, {.in = Stdio::closed(), .out = Stdio::closed(), .err = Stdio::closed()});
  EXPECT_EQ(s.peer.take(0), "");
  for (const int number : {0, 1, 2}) {
    EXPECT_THAT(s.netcat.descriptor(number), Not(HasSubstr("socket")));
  }
  s.peer.send("not to come back\n");
  EXPECT_EQ(s.peer.rest(), "");
  EXPECT_THAT(s.netcat.wait(), AnyOf(0, 8));
}

TEST(NetcatClosed, StdoutOfHelpIsStatus8) {
  for (const auto& out : {Stdio::closed(), Stdio::file("/dev/full")}) {
    const auto end = run({"netcat", "--help"}, {}, {.out = out});
    EXPECT_EQ(end.status, 8);
    EXPECT_THAT(end.err, MatchesRegex("netcat: stdout: [^\n]+\n"));
  }
}

}  // namespace
}  // namespace e2e
