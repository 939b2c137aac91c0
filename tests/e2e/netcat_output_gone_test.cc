// When the reader of standard output leaves: input that flows is still sent, idle input is not
// waited for, and a named pipe waits for its next reader.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <csignal>
#include <string>

#include "daemon.h"
#include "session.h"
#include "terminal.h"

namespace e2e {
namespace {

constexpr int kPipe = 128 + SIGPIPE;

// `producer | netcat | head -1`, where the server greets and then reads.
TEST(NetcatOutputGone, StopsNoInputThatFlows) {
  constexpr std::size_t kBytes = 5'000'000;
  auto server = Listener::tcp();
  Process pipeline({"bash", "-c",
                    "(sleep .3; head -c " + std::to_string(kBytes) +
                        " /dev/zero) | netcat 127.0.0.1 " + server.port_text() +
                        " | head -1; echo ${PIPESTATUS[*]}"});
  auto peer = server.accept();
  peer.send("greeting\n");
  EXPECT_EQ(pipeline.out.line(), "greeting");
  EXPECT_EQ(peer.rest().size(), kBytes);
  EXPECT_EQ(pipeline.out.line(), "0 141 0");
}

// Each line comes when the one before has arrived.
TEST(NetcatOutputGone, SendsUntilTheInputIsIdle) {
  Session s;
  s.peer.send("greeting\n");
  EXPECT_EQ(s.netcat.out.line(), "greeting");
  s.netcat.in.send("0\n");
  s.netcat.out.close();
  EXPECT_EQ(s.peer.line(), "0");
  s.peer.send("discarded\n");
  EXPECT_EQ(s.netcat.wait(kPrompt), kPipe);
  EXPECT_EQ(s.peer.rest(), "");
}

TEST(NetcatOutputGone, SendsAFileToItsEnd) {
  const TempDir dir;
  const std::string data = noise(8 << 20);
  Session s({}, {.in = Stdio::file(dir.file("data", data))}, true);
  s.peer.send("greeting\n");
  EXPECT_EQ(s.netcat.out.line(), "greeting");
  s.netcat.out.close();
  s.peer.send(noise(1000));
  EXPECT_TRUE(s.peer.rest() == data);
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), kPipe);
}

TEST(NetcatOutputGone, LeavesAnIdleInputAtOnce) {
  Terminal terminal;
  for (const bool types : {false, true}) {
    Spawn spawn = all_pipes();
    if (types) spawn = {.in = Stdio::fd(terminal.tty()), .terminal = true};
    Session s({}, std::move(spawn));
    s.peer.send("1\n2\n3\n");
    for (const char* line : {"1", "2", "3"}) EXPECT_EQ(s.netcat.out.line(), line);
    EXPECT_TRUE(s.netcat.lives_for(Millis(800)));  // the input has been idle for long
    s.netcat.out.close();
    EXPECT_EQ(s.netcat.wait(kPrompt), kPipe);
    EXPECT_EQ(s.netcat.err.rest(), "");
  }
}

TEST(NetcatOutputGone, EndsAHeadOfAStreamThatFallsSilent) {
  for (const char* input : {"", "</dev/null", "< <(sleep 30)"}) {
    SCOPED_TRACE(input);
    auto server = Listener::tcp();
    Process pipeline({"bash", "-c",
                      "netcat 127.0.0.1 " + server.port_text() + " " + input +
                          " | head -3; echo ${PIPESTATUS[*]}"},
                     all_pipes());
    auto peer = server.accept();
    peer.send("1\n2\n3\n");
    for (const char* line : {"1", "2", "3", "141 0"}) EXPECT_EQ(pipeline.out.line(kPrompt), line);
  }
}

// ---- a cache: `producer | netcat cache PORT | grep -q STORED` stores everything ----

std::string stores(int count) {
  return "for i in $(seq " + std::to_string(count) +
         "); do printf 'set key%d 0 0 5\\r\\nvalue\\r\\n' $i; done | netcat 127.0.0.1 ";
}

TEST(NetcatOutputGone, StoresInACacheWhoseFirstAnswerIsEnough) {
  auto server = Listener::tcp();
  Process pipeline(
      {"bash", "-c", stores(20'000) + server.port_text() + " | grep -q STORED; echo $?"});
  auto peer = server.accept();
  int stored = 0;
  for (; stored < 20'000; ++stored) {
    (void)peer.line();
    ASSERT_EQ(peer.line(), "value\r");
    peer.send("STORED\r\n");
  }
  EXPECT_EQ(pipeline.out.line(), "0");
}

// All has been sent when the reader leaves, but the server is not done with it.
TEST(NetcatOutputGone, LetsTheServerFinishItsAnswers) {
  for (const bool ends : {true, false}) {
    Session s;
    for (int i = 0; i < 20; ++i) s.netcat.in.send("set\n");
    if (ends) s.netcat.in.close();
    EXPECT_EQ(s.peer.line(), "set");
    s.peer.send("STORED\r\n");
    EXPECT_EQ(s.netcat.out.line(), "STORED\r");
    s.netcat.out.close();
    for (int i = 1; i < 20; ++i) {
      s.peer.send("STORED\r\n");
      EXPECT_TRUE(s.netcat.lives_for(Millis(30)));
      EXPECT_EQ(s.peer.line(), "set");
    }
    EXPECT_EQ(s.netcat.wait(kPrompt), kPipe);
  }
}

// A server that never stops talking is not waited for.
TEST(NetcatOutputGone, DoesNotWaitForAFlood) {
  auto server = Listener::tcp();
  Process pipeline({"bash", "-c",
                    "echo request | netcat 127.0.0.1 " + server.port_text() +
                        " | head -1; echo ${PIPESTATUS[*]}"});
  auto peer = server.accept();
  const auto flood = [&peer] {
    for (;;) peer.send("a line\n");
  };
  EXPECT_ANY_THROW(flood());
  EXPECT_EQ(pipeline.out.line(), "a line");
  EXPECT_EQ(pipeline.out.line(kPrompt), "0 141 0");
}

TEST(NetcatOutputGone, StoresInMemcached) {
  if (!installed("memcached")) GTEST_SKIP() << "memcached is not installed";
  const int port = free_port();
  const std::string at = std::to_string(port);
  Process memcached({"memcached", "-l", "127.0.0.1", "-p", at, "-U", "0", "-u", "nobody"});
  wait_until("memcached listens", [&] { return is_listened_on(port); });
  EXPECT_EQ(shell(stores(2'000) + at + " | grep -q STORED").status, 0);
  const auto stats = [&] { return shell("echo stats | netcat -q0 127.0.0.1 " + at).out; };
  wait_until("all is stored",
             [&] { return stats().find("STAT curr_items 2000\r\n") != std::string::npos; });
}

// ---- a named pipe, whose readers come and go ----

class NetcatFifo : public testing::Test {
 protected:
  NetcatFifo() {
    if (mkfifo(path_.c_str(), 0600) != 0) fail_errno("mkfifo");
  }
  Channel reader() const { return Channel(open_file(path_, O_RDONLY | O_NONBLOCK)); }
  Fd writer() const { return open_file(path_, O_WRONLY); }

 private:
  TempDir dir_;
  std::string path_ = dir_.path("fifo");
};

TEST_F(NetcatFifo, WaitsForItsNextReader) {
  for (const Words& options : {Words{}, Words{"-k"}, Words{"-k", "-d"}}) {
    Channel first = reader();
    Fd out = writer();
    Listening s(options, {.in = Stdio::pipe(), .out = Stdio::fd(out)});
    out.close();
    auto client = s.connect();
    client.send("one\n");
    EXPECT_EQ(first.line(), "one");
    first.close();
    const Millis before = s.netcat.cpu_time();
    EXPECT_TRUE(s.netcat.lives_for(Millis(1000)));
    EXPECT_LT(s.netcat.cpu_time() - before, Millis(250)) << "it spins";
    Channel second = reader();
    client.send("two\n");
    EXPECT_EQ(second.line(), "two");
  }
}

// Nothing more is to be written, so nothing fails.
TEST_F(NetcatFifo, WithoutAReaderIsNoFailureAtThePeersEnd) {
  Channel first = reader();
  Fd out = writer();
  Listening s({}, {.in = Stdio::null(), .out = Stdio::fd(out)});
  out.close();
  auto client = s.connect();
  client.send("one\n");
  EXPECT_EQ(first.line(), "one");
  first.close();
  client.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST_F(NetcatFifo, ThatNobodyReadsEndsItWithTheNextWrite) {
  for (const Words& options : {Words{}, Words{"-k"}}) {
    Channel first = reader();
    Fd out = writer();
    Listening s(options, {.in = Stdio::pipe(), .out = Stdio::fd(out)});
    out.close();
    auto client = s.connect();
    client.send("one\n");
    EXPECT_EQ(first.line(), "one");
    first.close();
    client.send("two\n");
    EXPECT_EQ(s.netcat.wait(), kPipe);
  }
}

}  // namespace
}  // namespace e2e
