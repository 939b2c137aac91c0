// netcat -l -k: a client's half-close ends its sending only, and no client holds up the others for
// long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <string>
#include <thread>

#include "daemon.h"
#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;

// A program behind two named pipes answers a client that has ended its sending.
TEST(NetcatHub, AnswersAProgramsClientsEachItsOwn) {
  const TempDir dir;
  for (const char* name : {"in", "out"})
    if (mkfifo(dir.path(name).c_str(), 0600) != 0) fail_errno("mkfifo");
  const int port = free_port();
  const std::string script =
      "cd " + dir.path("") +
      "; while read -r x; do sleep .3; echo \"answer to $x\"; done <out >in &"
      " exec netcat -l -k 127.0.0.1 " +
      std::to_string(port) + " >out <in";
  Process server({"bash", "-c", script});
  wait_until("netcat listens", [&] { return is_listened_on(port); });
  for (const std::string name : {"A", "B"}) {
    Process client({"netcat", "-q", "20", "127.0.0.1", std::to_string(port)}, all_pipes());
    client.in.send(name + "\n");
    client.in.close();
    EXPECT_EQ(client.out.line(), "answer to " + name);
  }
}

TEST(NetcatHub, AClientThatHasHalfClosedGoesOnReceiving) {
  Listening s({"-k"});
  auto client = s.connect();
  client.send("question\n");
  client.finish();
  EXPECT_EQ(s.netcat.out.line(), "question");
  EXPECT_TRUE(client.silent_for(kSilence));
  for (const char* line : {"one", "two"}) {
    s.netcat.in.send(std::string(line) + "\n");
    EXPECT_EQ(client.line(), line);
  }
  s.netcat.in.close();
  EXPECT_EQ(client.rest(), "");
}

TEST(NetcatHub, AClientThatHasHalfClosedIsLetGoWhenItIsIdle) {
  Listening s({"-k", "-w", "1"});
  auto client = s.connect();
  client.send("question\n");
  client.finish();
  EXPECT_EQ(s.netcat.out.line(), "question");
  (void)client.is_reset();
  auto next = s.connect();
  s.netcat.in.send("for the next\n");
  EXPECT_EQ(next.line(), "for the next");
}

TEST(NetcatHub, AClientThatHasHalfClosedGivesWayAtTheLimit) {
  Listening s({"-k", "--max-conns", "2"});
  auto talks = s.connect();
  auto ended = s.connect();
  for (int i = 0; i < 2; ++i) (void)line_with(s.netcat.err, "Connection received");
  ended.send("ended\n");
  ended.finish();
  EXPECT_EQ(s.netcat.out.line(), "ended");
  auto third = s.connect();
  third.send("third\n");
  EXPECT_EQ(s.netcat.out.line(), "third");
  EXPECT_EQ(ended.rest(), "");
  auto fourth = s.connect();
  fourth.send("fourth\n");
  EXPECT_TRUE(s.netcat.out.silent_for(kSilence)) << "both of the others are still talking";
  talks.finish();
  EXPECT_EQ(s.netcat.out.line(), "fourth");
}

TEST(NetcatHub, AClientThatDoesNotReadIsLetGoWithAMessage) {
  constexpr std::size_t kBytes = std::size_t{13} << 20;  // more than all buffers on the way
  Listening s({"-k", "-w", "1"});
  auto deaf = connect_tcp("127.0.0.1", s.port, {.narrow = true});
  auto reader = s.connect();
  for (int i = 0; i < 2; ++i) (void)line_with(s.netcat.err, "Connection received");
  std::thread writer([&s] {
    s.netcat.in.send(std::string(kBytes, 'x'));
    s.netcat.in.close();
  });
  EXPECT_EQ(reader.rest().size(), kBytes);
  writer.join();
  const std::string who = "netcat: 127.0.0.1:" + std::to_string(deaf.local_port());
  EXPECT_THAT(line_with(s.netcat.err, "does not read"), HasSubstr(who));
  EXPECT_TRUE(deaf.is_reset());
}

// What it reads does not make enough room for netcat to write before the limit.
TEST(NetcatHub, AClientThatReadsSlowlyIsServed) {
  Listening s({"-k", "-w", "3"});
  auto slow = s.connect();
  (void)s.netcat.in.send_until_stuck(std::string(100'000, 'x'), Millis(500), 1 << 26);
  for (const auto end = Clock::now() + Millis(5000); Clock::now() < end;) {
    EXPECT_EQ(slow.take(16'000).size(), 16'000U);
    std::this_thread::sleep_for(Millis(100));
  }
}

TEST(NetcatHub, AResetClientIsNamedAndTheOthersGoOn) {
  Listening s({"-k"});
  auto other = s.connect();
  auto client = s.connect();
  const std::string port = std::to_string(client.local_port());
  client.send("half a fi");
  EXPECT_EQ(s.netcat.out.take(9), "half a fi");
  client.reset();
  EXPECT_THAT(line_with(s.netcat.err, "reset"), HasSubstr("127.0.0.1:" + port));
  other.send("still here\n");
  EXPECT_EQ(s.netcat.out.line(), "still here");
}

}  // namespace
}  // namespace e2e
