// Much data through netcat, both ways at once and against peers that make it hard: all of it
// arrives, nobody waits for ever, and memory stays where it was.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

using testing::MatchesRegex;

constexpr std::size_t kMuch = 20 << 20;
constexpr long kGrowthKib = 16 << 10;  // of a tool that has buffers, but not for all of the data

// The most memory that a process has ever had.
long peak_kib(const Process& process) {
  const std::string status = read_file("/proc/" + std::to_string(process.pid()) + "/status");
  return std::stol(status.substr(status.find("VmHWM:") + 6));
}

// Everything back, as long as there is something, as fast as it is taken.
std::size_t echo(Socket& peer, std::size_t bytes) {
  std::size_t echoed = 0;
  while (echoed < bytes) {
    std::string chunk = peer.take(1);
    chunk += peer.available();
    peer.send(chunk);
    echoed += chunk.size();
  }
  return echoed;
}

TEST(NetcatBulk, PipesAreEchoedAtFullDuplexInBoundedMemory) {
  const std::string data = noise(kMuch);
  Session s;
  s.peer.send("up\n");
  EXPECT_EQ(s.netcat.out.line(), "up");
  const long before = peak_kib(s.netcat);
  auto echoing = std::async(std::launch::async, [&] { return echo(s.peer, data.size()); });
  auto feeding = std::async(std::launch::async, [&] { s.netcat.in.send(data); });
  EXPECT_TRUE(s.netcat.out.take(data.size()) == data);
  feeding.get();
  EXPECT_EQ(echoing.get(), data.size());
  EXPECT_LT(peak_kib(s.netcat) - before, kGrowthKib);
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

// Nobody reads its output before the upload is over, and the answers are more than a pipe holds.
TEST(NetcatBulk, PeerThatAnswers16BytesForEachReadGetsEverything) {
  const TempDir dir;
  const std::string data = noise(kMuch);
  Session s({}, {.in = Stdio::file(dir.file("in", data))});
  const long before = peak_kib(s.netcat);
  std::string got;
  std::size_t answers = 0;
  for (; got.size() < data.size(); ++answers) {
    got += s.peer.take(std::min<std::size_t>(2048, data.size() - got.size()));
    s.peer.send("0123456789abcde\n");
  }
  EXPECT_TRUE(got == data);
  EXPECT_LT(peak_kib(s.netcat) - before, kGrowthKib);
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out.size(), 16 * answers);
}

// A peer that does not read before it has said everything, and says more than the buffers hold.
TEST(NetcatBulk, PeerThatTalksBeforeItListensHearsEverything) {
  const TempDir dir;
  const std::string data = noise(kMuch);
  Session s({}, {.in = Stdio::file(dir.file("in", data)), .out = Stdio::file(dir.path("out"))});
  s.peer.send(data);
  s.peer.finish();
  EXPECT_TRUE(s.peer.rest() == data);
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_TRUE(read_file(dir.path("out")) == data);
}

// Beyond what 32 bits can count; the files are sparse.
TEST(NetcatBulk, FilesOver4GibAreReadAndWrittenWhereTheyAreOpen) {
  constexpr off_t kFar = off_t{5} << 30;
  const TempDir dir;
  const std::string data = noise(1 << 20);
  const Fd in = open_file(dir.path("in"), O_RDWR | O_CREAT);
  const Fd out = open_file(dir.path("out"), O_RDWR | O_CREAT);
  const auto size = static_cast<ssize_t>(data.size());
  ASSERT_EQ(pwrite(in.get(), data.data(), data.size(), kFar), size);
  ASSERT_EQ(lseek(in.get(), kFar, SEEK_SET), kFar);
  ASSERT_EQ(lseek(out.get(), kFar, SEEK_SET), kFar);
  Session s({"--progress"}, {.in = Stdio::fd(in), .out = Stdio::fd(out)});
  EXPECT_TRUE(s.peer.rest() == data);
  s.peer.send(data);
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  std::string written(data.size(), ' ');
  EXPECT_EQ(pread(out.get(), written.data(), written.size(), kFar), size);
  EXPECT_TRUE(written == data);
}

TEST(NetcatBulk, PipeGoesWholeToAPeerThatReadsSlowly) {
  const std::string data = noise(3 << 20);
  Session s({"--send-only"}, all_pipes(), true);
  auto feeding = std::async(std::launch::async, [&] {
    s.netcat.in.send(data);
    s.netcat.in.close();
  });
  EXPECT_TRUE(s.peer.rest() == data);
  feeding.get();
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

// What is written to a pipe a little at a time is not held back to become more.
TEST(NetcatBulk, LittleDataAfterMuchIsNotHeldBack) {
  Session s;
  const std::string data = noise(1 << 20);
  auto feeding = std::async(std::launch::async, [&] { s.netcat.in.send(data); });
  EXPECT_TRUE(s.peer.take(data.size()) == data);
  feeding.get();
  auto saying = std::async(std::launch::async, [&] { s.peer.send(data); });
  EXPECT_TRUE(s.netcat.out.take(data.size()) == data);
  saying.get();
  for (const std::string word : {"one", "two"}) {
    s.netcat.in.send(word + "\n");
    EXPECT_EQ(s.peer.line(), word);
    s.peer.send("not " + word + "\n");
    EXPECT_EQ(s.netcat.out.line(), "not " + word);
  }
}

// ---- output that is thrown away ----

TEST(NetcatBulk, NullTakesEverythingAndTheEnd) {
  Session s({}, {.in = Stdio::pipe(), .out = Stdio::null()});
  s.peer.send(noise(kMuch));
  s.peer.finish();
  EXPECT_EQ(s.peer.rest(), "");
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatBulk, NullTakesWhatAUnixPeerSays) {
  const TempDir dir;
  auto server = Listener::unix_socket(dir.path("socket"));
  Process netcat({"netcat", "-U", dir.path("socket")}, {.in = Stdio::pipe(), .out = Stdio::null()});
  auto peer = server.accept();
  peer.send(noise(kMuch));
  peer.close();
  EXPECT_EQ(netcat.wait(), 0);
}

TEST(NetcatBulk, NullThatIsOpenForReadingIsNoPlaceForOutput) {
  Session s({}, {.in = Stdio::pipe(), .out = Stdio::fd(open_file("/dev/null", O_RDONLY))});
  s.peer.send("pong\n");
  EXPECT_EQ(s.netcat.wait(kPrompt), 8);
}

// As much as `ulimit -f` lets it write, and an error instead of a signal.
TEST(NetcatBulk, OutputBeyondTheFileSizeLimitIsStatus8) {
  const TempDir dir;
  auto server = Listener::tcp();
  Process netcat(
      {"bash", "-c",
       "ulimit -f 100; exec netcat -d 127.0.0.1 " + server.port_text() + " > " + dir.path("out")});
  auto peer = server.accept();
  peer.send(noise(200 << 10));
  const auto end = finish(netcat, kPrompt);
  EXPECT_EQ(end.status, 8);
  EXPECT_EQ(end.err, "netcat: stdout: file too large\n");
  EXPECT_EQ(read_file(dir.path("out")).size(), 100u << 10);
}

// -q 0 after some of the answer was already on its way to a reader that is slow.
TEST(NetcatBulk, Quit0ThrowsTheRestOfTheAnswerAway) {
  const std::string data = noise(kMuch);
  Session s({"-q", "0"});
  (void)s.peer.send_until_stuck(data, kSilence, 64 << 20);
  auto reading = std::async(std::launch::async, [&] { return s.netcat.out.rest().size(); });
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.send(data);
  s.peer.close();
  EXPECT_GT(reading.get(), 0u);
  EXPECT_EQ(s.netcat.wait(), 0);
}

// ---- a reset in the middle, whatever moves the bytes: one line, status 1 ----

void expect_lost(const Outcome& end, const Session& s) {
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.err, MatchesRegex("netcat: " + s.place() + ": [^\n]+\n"));
}

TEST(NetcatBulk, ResetWhileReceivingIsStatus1) {
  const TempDir dir;
  for (const auto& out : {Stdio::pipe(), Stdio::file(dir.path("out")), Stdio::null()}) {
    Session s({"-v"}, {.in = Stdio::pipe(), .out = out});
    EXPECT_THAT(s.netcat.err.line(), MatchesRegex("Connection to .*"));
    s.peer.send(noise(20'000));
    wait_until("netcat's host has it", [&] { return s.peer.unacknowledged() == 0; });
    s.peer.reset();
    expect_lost(finish(s.netcat, kPrompt), s);
  }
}

// Before netcat has looked whether it is connected, more often than not.
TEST(NetcatBulk, ResetRightAfterAGreetingLosesNoGreeting) {
  for (int i = 0; i < 30; ++i) {
    Session s;
    s.peer.send("greeting\n");
    wait_until("netcat's host has it", [&] { return s.peer.unacknowledged() == 0; });
    s.peer.reset();
    const auto end = finish(s.netcat, kPrompt);
    ASSERT_EQ(end.out, "greeting\n");
    expect_lost(end, s);
  }
}

TEST(NetcatBulk, ResetWhileSendingIsStatus1) {
  const TempDir dir;
  const std::string data = noise(8 << 20);
  Session file({}, {.in = Stdio::file(dir.file("in", data))}, true);
  (void)file.peer.take(100'000);
  file.peer.reset();
  const auto end_of_file = finish(file.netcat, kPrompt);
  expect_lost(end_of_file, file);
  EXPECT_EQ(end_of_file.out, "");

  Session pipe({}, all_pipes(), true);
  (void)pipe.netcat.in.send_until_stuck(data, kSilence, data.size());
  pipe.peer.reset();
  const auto end_of_pipe = finish(pipe.netcat, kPrompt);
  expect_lost(end_of_pipe, pipe);
  EXPECT_EQ(end_of_pipe.out, "");
}

}  // namespace
}  // namespace e2e
