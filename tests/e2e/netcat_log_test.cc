// netcat --output, --hex-dump, --progress and --rate: the bytes, watched and slowed down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"
#include "terminal.h"
#include "udp_peer.h"

namespace e2e {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

// Says one thing, hears another, ends.
void converse(Session& s) {
  s.netcat.in.send("hello\n");
  EXPECT_EQ(s.peer.line(), "hello");
  s.peer.send("world");
  EXPECT_EQ(s.netcat.out.take(5), "world");
  s.netcat.in.send("more");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "more");
  s.peer.close();
}

TEST(NetcatLog, OutputHasBothDirectionsWithTheirOffsets) {
  TempDir dir;
  Session s({"--output", dir.path("log")});
  converse(s);
  EXPECT_EQ(finish(s.netcat).err, "");
  EXPECT_EQ(read_file(dir.path("log")),
            "> 00000000 6 bytes\nhello\n"
            "< 00000000 5 bytes\nworld\n"
            "> 00000006 4 bytes\nmore\n");
}

TEST(NetcatLog, HexDump) {
  TempDir dir;
  Session s({"--hex-dump", dir.path("log")});
  converse(s);
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_EQ(read_file(dir.path("log")),
            "> 00000000  68 65 6c 6c 6f 0a                                hello.\n"
            "< 00000000  77 6f 72 6c 64                                   world\n"
            "> 00000006  6d 6f 72 65                                      more\n");
}

TEST(NetcatLog, AnOldLogIsOverwrittenUnlessAppended) {
  TempDir dir;
  const std::string log = dir.file("log", "something old\n");
  const auto log_of = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--output", log, "--recv-only"});
    Session s(options);
    s.peer.send("x\n");
    s.peer.close();
    EXPECT_EQ(s.netcat.wait(), 0);
    return read_file(log);
  };
  EXPECT_EQ(log_of({"--append-output"}), "something old\n< 00000000 2 bytes\nx\n");
  EXPECT_EQ(log_of({}), "< 00000000 2 bytes\nx\n");
}

TEST(NetcatLog, WhatIsSentIsLoggedAsItIsSent) {
  TempDir dir;
  Session s({"-C", "--output", dir.path("log")});
  s.netcat.in.send("a\n");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "a\r\n");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_EQ(read_file(dir.path("log")), "> 00000000 3 bytes\na\r\n");
}

TEST(NetcatLog, ABigTransferIsCompleteInBoth) {
  TempDir dir;
  const std::string data = noise(3'000'000);
  Session s({"--hex-dump", dir.path("log")}, {.in = Stdio::file(dir.file("in", data))});
  EXPECT_EQ(s.peer.rest(), data);
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  const auto end = shell("cut -c12-59 '" + dir.path("log") +
                         "' | python3 -c 'import sys; "
                         "sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' | cmp - '" +
                         dir.path("in") + "'");
  EXPECT_EQ(end.status, 0) << end.err;
}

TEST(NetcatLog, ClientsOfOneServerAreToldApart) {
  TempDir dir;
  Listening s({"-k", "--output", dir.path("log")});
  auto one = s.connect();
  one.send("1\n");
  EXPECT_EQ(s.netcat.out.line(), "1");
  auto two = s.connect();
  two.send("2\n");
  EXPECT_EQ(s.netcat.out.line(), "2");
  two.send("two\n");
  EXPECT_EQ(s.netcat.out.line(), "two");
  const auto name = [](const Socket& client) {
    return "# 127.0.0.1:" + std::to_string(client.local_port()) + "\n";
  };
  EXPECT_EQ(read_file(dir.path("log")), name(one) + "< 00000000 2 bytes\n1\n" + name(two) +
                                            "< 00000000 2 bytes\n2\n< 00000002 4 bytes\ntwo\n");
}

TEST(NetcatLog, Datagrams) {
  TempDir dir;
  UdpPeer peer;
  Process netcat(
      {"netcat", "-u", "-W1", "--hex-dump", dir.path("log"), "127.0.0.1", peer.port_text()},
      all_pipes());
  netcat.in.send("ping");
  EXPECT_EQ(peer.receive(), "ping");
  peer.answer("pong");
  EXPECT_EQ(netcat.wait(), 0);
  EXPECT_EQ(read_file(dir.path("log")),
            "> 00000000  70 69 6e 67                                      ping\n"
            "< 00000000  70 6f 6e 67                                      pong\n");
}

TEST(NetcatLog, AFileThatCannotBeOpenedIsStatus8) {
  const auto end = run({"netcat", "--output", "/nonexistent/log", "127.0.0.1", "1"});
  EXPECT_EQ(end.status, 8);
  EXPECT_EQ(end.err, "netcat: /nonexistent/log: no such file or directory\n");
}

TEST(NetcatLog, AFullDiskIsStatus8) {
  for (const std::string option : {"--output", "--hex-dump"}) {
    Session s({option, "/dev/full"});
    s.peer.send("x\n");
    const auto end = finish(s.netcat);
    EXPECT_EQ(end.status, 8);
    EXPECT_EQ(end.err, "netcat: /dev/full: no space left on device\n");
  }
}

TEST(NetcatLog, IsOnlyForItsOwner) {
  TempDir dir;
  Session s({"--output", dir.path("log"), "-o", dir.path("dump")});
  converse(s);
  EXPECT_EQ(s.netcat.wait(), 0);
  for (const char* name : {"log", "dump"}) {
    struct stat status = {};
    ASSERT_EQ(stat(dir.path(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
}

TEST(NetcatLog, AMinusIsStandardError) {
  for (const char* option : {"-o", "--output"}) {
    Session s({option, "-"});
    converse(s);
    const auto end = finish(s.netcat);
    EXPECT_EQ(end.status, 0);
    EXPECT_THAT(end.err, HasSubstr("> 00000000 "));
    EXPECT_THAT(end.err, HasSubstr("< 00000000 "));
    EXPECT_NE(access("-", F_OK), 0);
  }
}

// `echo before; netcat -v -o PATH; echo after`, with standard error or output in the file.
std::string log_shared_with(const std::string& redirection, const std::string& path) {
  const TempDir dir;
  Listener server = Listener::tcp();
  Process netcat({"bash", "-c",
                  "cd " + dir.path("") + "; (echo before >&2; netcat -v -d -o " + path +
                      " 127.0.0.1 " + server.port_text() + "; echo after >&2) " + redirection});
  auto peer = server.accept();
  peer.send("x\n");
  peer.close();
  EXPECT_EQ(netcat.wait(), 0);
  return read_file(dir.path("log"));
}

TEST(NetcatLog, TheFileOfStandardOutputOrErrorIsNotEmptied) {
  const std::string dump = "< 00000000  78 0a                                            x.\n";
  for (const char* path : {"/dev/stderr", "log", "-"})
    EXPECT_THAT(log_shared_with("2> log > /dev/null", path),
                MatchesRegex("before\nConnection to [^\n]*\n" + dump + "after\n"))
        << path;
  for (const char* path : {"/dev/stdout", "log"})
    EXPECT_EQ(log_shared_with("> log 2> /dev/null", path), dump + "x\n") << path;
}

TEST(NetcatLog, TheFileOfStandardInputIsRefusedAndKept) {
  const TempDir dir;
  const std::string input = dir.file("in", "precious\n");
  for (const Words& option : {Words{"--output"}, Words{"-o"}, Words{"--append-output", "-o"}}) {
    Words options = option;
    options.push_back(input);
    Process netcat(netcat_argv(options, {"127.0.0.1", "1"}), {.in = Stdio::file(input)});
    const auto end = finish(netcat);
    EXPECT_EQ(end.status, 2);
    EXPECT_EQ(end.err, "netcat: " + input + ": cannot be the log and standard input at once\n");
    EXPECT_EQ(read_file(input), "precious\n");
  }
  Session s({"-d", "--output", input}, {.in = Stdio::file(input)});
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

// ---- progress ----

TEST(NetcatProgress, TheLastLineTellsItAll) {
  TempDir dir;
  const std::string data = noise(2 << 20);
  Session s({"--progress"}, {.in = Stdio::file(dir.file("in", data))});
  EXPECT_EQ(s.peer.rest(), data);
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "");
  EXPECT_THAT(end.err, MatchesRegex("sent 2\\.0 MiB, received 0 B, .*/s, mean .*/s, elapsed "
                                    "0:[0-9]+, 100 %, ETA 0:00\n"));
}

TEST(NetcatProgress, OfAPipeThereIsNoPercentage) {
  Session s({"--progress"});
  s.peer.send("12345");
  EXPECT_EQ(s.netcat.out.take(5), "12345");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_THAT(end.err, MatchesRegex("sent 0 B, received 5 B, [^%]*\n"));
}

TEST(NetcatProgress, AnErrorHasItsOwnLine) {
  Session s({"--progress"});
  s.netcat.in.send("x");
  EXPECT_EQ(s.peer.take(1), "x");
  s.peer.reset();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.err, MatchesRegex("sent [^\n]*\nnetcat: [^\n]*\n"));
}

TEST(NetcatProgress, WithJsonItIsAnEvent) {
  Session s({"--progress", "--json"});
  s.peer.send("bye\n");
  s.peer.close();
  EXPECT_THAT(finish(s.netcat).err,
              HasSubstr("{\"event\":\"progress\",\"bytes_sent\":0,\"bytes_received\":4,"));
}

TEST(NetcatProgress, NothingWithoutAConnection) {
  const auto end = run({"netcat", "--progress", "127.0.0.1", std::to_string(free_port())});
  EXPECT_EQ(end.status, 4);
  EXPECT_THAT(end.err, MatchesRegex("netcat: [^\n]*\n"));
}

void set_width(const Terminal& terminal, unsigned short columns) {
  const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(ioctl(terminal.tty().get(), TIOCSWINSZ, &size), 0);
}

TEST(NetcatProgress, IsCutToTheWidthOfTheTerminal) {
  Terminal terminal;
  set_width(terminal, 30);
  Session s({"--progress", "-d"}, {.err = Stdio::fd(terminal.tty())});
  const std::string cut = "\rsent 0 B, received 0 B, 0 B/s\x1b[K";
  EXPECT_EQ(terminal.keyboard.take(cut.size()), cut);
  set_width(terminal, 12);
  s.netcat.signal(SIGWINCH);
  EXPECT_THAT(terminal.keyboard.take_until("\rsent 0 B, r\x1b[K"), EndsWith("\x1b[K"));
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatProgress, DataOnTheSameTerminalGoesAboveIt) {
  Terminal terminal;
  set_width(terminal, 12);
  Session s({"--progress", "-d"},
            {.out = Stdio::fd(terminal.tty()), .err = Stdio::fd(terminal.tty())});
  const std::string line = "\rsent 0 B, r\x1b[K";
  (void)terminal.keyboard.take_until(line);
  s.peer.send("one\n");
  EXPECT_THAT(terminal.keyboard.take_until("one\r\n"), EndsWith("\r\x1b[Kone\r\n"));
  EXPECT_THAT(terminal.keyboard.take_until(line), EndsWith(line));
  s.peer.send("prompt> ");
  EXPECT_THAT(terminal.keyboard.take_until("prompt> "), EndsWith("\r\x1b[Kprompt> "));
  EXPECT_EQ(terminal.keyboard.take(2 + line.size() - 1), "\r\n" + line.substr(1));
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

// ---- rate ----

TEST(NetcatRate, SendsNoFaster) {
  TempDir dir;
  const std::string data = noise(300'000);
  Session s({"--rate", "200K"}, {.in = Stdio::file(dir.file("in", data))});
  const auto start = Clock::now();
  EXPECT_EQ(s.peer.rest(), data);
  const auto elapsed = Clock::now() - start;
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_GT(elapsed, Millis(1100));  // 1.46 s but for one chunk
}

TEST(NetcatRate, ReceivesNoFaster) {
  const std::string data = noise(300'000);
  Session s({"--rate", "200K", "-d"}, {});
  const auto start = Clock::now();
  s.peer.send(data);
  s.peer.close();
  EXPECT_EQ(s.netcat.out.rest(), data);
  EXPECT_GT(Clock::now() - start, Millis(1100));
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatRate, IsNoReasonToBeIdle) {
  Session s({"--rate", "10", "-w", "300ms"});
  s.netcat.in.send("0123456789");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "0123456789");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatRate, OfAServerOfMany) {
  TempDir dir;
  const std::string data = noise(100'000);
  Listening s({"-k", "--rate", "100K"});
  auto client = s.connect();
  const auto start = Clock::now();
  client.send(data);
  client.finish();
  EXPECT_EQ(s.netcat.out.take(data.size()), data);
  EXPECT_GT(Clock::now() - start, Millis(700));
}

}  // namespace
}  // namespace e2e
