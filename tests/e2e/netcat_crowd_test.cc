// netcat -l with very many clients at once, and with very few descriptors.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <algorithm>
#include <csignal>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon.h"
#include "session.h"

namespace e2e {
namespace {

constexpr std::size_t kCrowd = 10'000;
constexpr rlim_t kDescriptors = kCrowd + 200;  // of either side

// Raises the test's own limit; false where that cannot be.
bool can_have(rlim_t descriptors) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < descriptors) return false;
  limit.rlim_cur = std::max(limit.rlim_cur, descriptors);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

// So many connect at once, and each says its number.
std::vector<Socket> burst(const Listening& s, std::size_t count) {
  std::vector<Socket> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(s.connect());
    clients.back().send(std::to_string(i) + "\n");
  }
  return clients;
}

std::set<std::string> lines_of(std::size_t count) {
  std::set<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) lines.insert(std::to_string(i));
  return lines;
}

TEST(NetcatCrowd, TenThousandAreAllHeardAndAnswered) {
  if (!can_have(kDescriptors)) GTEST_SKIP() << "RLIMIT_NOFILE is below " << kDescriptors;
  Spawn spawn = all_pipes();
  spawn.descriptors = kDescriptors;
  Listening s({"-k"}, std::move(spawn));
  auto messages = std::async(std::launch::async, [&] { return s.netcat.err.rest(); });
  auto clients = burst(s, kCrowd);
  std::set<std::string> heard;
  while (heard.size() < kCrowd) heard.insert(s.netcat.out.line());
  EXPECT_TRUE(heard == lines_of(kCrowd));
  s.netcat.in.send("welcome\n");
  s.netcat.in.close();
  for (auto& client : clients) ASSERT_EQ(client.rest(), "welcome\n");
  s.netcat.signal(SIGTERM);
  EXPECT_EQ(messages.get().find("netcat: "), std::string::npos);
  EXPECT_EQ(s.netcat.wait(), 128 + SIGTERM);
}

TEST(NetcatCrowd, OfABurstASingleShotServesTheFirst) {
  Listening s;
  s.netcat.signal(SIGSTOP);
  auto first = s.connect();
  first.send("first\n");
  std::vector<Socket> others;
  for (int i = 0; i < 100; ++i) others.push_back(s.connect());
  s.netcat.signal(SIGCONT);
  EXPECT_EQ(s.netcat.out.line(), "first");
  for (auto& other : others) EXPECT_TRUE(other.is_reset());
  first.close();
  EXPECT_EQ(s.netcat.wait(), 0);
}

TEST(NetcatCrowd, AWholeBacklogWaitsForAKeptOpenServer) {
  Listening s({"-k"});
  s.netcat.signal(SIGSTOP);
  auto clients = burst(s, 500);
  s.netcat.signal(SIGCONT);
  std::set<std::string> heard;
  while (heard.size() < clients.size()) heard.insert(s.netcat.out.line());
  EXPECT_TRUE(heard == lines_of(clients.size()));
}

// ---- a client that does not read ----

TEST(NetcatCrowd, OnlyWhoHoldsTheOthersUpIsIdle) {
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
}

// ---- hardly any descriptors ----

TEST(NetcatCrowd, IsServedInTurnsWhenThereAreFewDescriptors) {
  Spawn spawn{.in = Stdio::null()};
  spawn.descriptors = 24;
  Listening s({"-k"}, std::move(spawn));
  auto clients = burst(s, 60);
  for (auto& client : clients) client.finish();
  std::set<std::string> heard;
  while (heard.size() < clients.size()) heard.insert(s.netcat.out.line());
  EXPECT_TRUE(heard == lines_of(clients.size()));
  EXPECT_TRUE(s.netcat.lives_for(kSilence));
}

TEST(NetcatCrowd, AClientNeedsAHandfulOfDescriptors) {
  Spawn spawn = all_pipes();
  spawn.descriptors = 20;
  Session s({}, std::move(spawn));
  s.netcat.in.send("ping\n");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "ping\n");
  s.peer.send("pong\n");
  s.peer.close();
  const auto end = finish(s.netcat);
  EXPECT_EQ(end.out, "pong\n");
  EXPECT_EQ(end.err, "");
  EXPECT_EQ(end.status, 0);
}

}  // namespace
}  // namespace e2e
