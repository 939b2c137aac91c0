// statusd in time: one client after another or all at once, slow answers, failures, readiness, and
// its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "web.h"

namespace e2e {
namespace {

using testing::HasSubstr;

std::string ok() { return R"({"status":"ok"})"; }

// --- the three servers ---

TEST(StatusdOnce, AnswersOneRequestAndExits) {
  Daemon daemon("statusd", {"--once"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1") + request("GET / HTTP/1.1"));
  const auto reply = next_reply(client);
  EXPECT_EQ(reply.body, ok());
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_EQ(client.rest(), "") << "one request, not two";
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(StatusdOnce, IsOnePipelineInAScript) {
  const auto end = shell(
      "port=$(statusd -q --once --print-port 127.0.0.1:0 &)\n"
      "curl -s 127.0.0.1:$port; curl -s 127.0.0.1:$port; printf \" $?\"");
  EXPECT_EQ(end.out, ok() + " 7") << "the second one finds nobody";
}

TEST(StatusdOnce, SigtermDuringTheRequestDoesNotCutItOff) {
  Daemon daemon("statusd", {"--once", "--latency", "1s"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1"));
  daemon.signal(SIGTERM);
  EXPECT_EQ(next_reply(client).body, ok());
  EXPECT_EQ(client.rest(), "");
  client.close();
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

// Ten curls at once; returns the time until the last has its answer.
Millis ten_curls(const Daemon& daemon, const std::string& options = "") {
  const auto start = Clock::now();
  const auto end = shell("for i in 0 1 2 3 4 5 6 7 8 9; do curl -sS " + options + " " +
                         url(daemon, "/") + " & done; wait");
  EXPECT_EQ(end.err, "");
  std::string answers;
  for (int i = 0; i < 10; ++i) answers += ok();
  EXPECT_EQ(end.out, answers);
  return std::chrono::duration_cast<Millis>(Clock::now() - start);
}

TEST(StatusdDelay, OneClientAfterAnother) {
  Daemon daemon("statusd", {"-m", "1", "--delay", "300ms"});
  EXPECT_GE(ten_curls(daemon), Millis(3000));
}

TEST(StatusdDelay, AllClientsAtOnce) {
  Daemon daemon("statusd", {"--delay", "2s"});
  const auto taken = ten_curls(daemon);
  EXPECT_GE(taken, Millis(2000));
  EXPECT_LT(taken, Millis(10'000)) << "one after another would be 20 s";
}

TEST(StatusdDelay, IsKeptToByAllVersionsAndStatuses) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--http1.0"}, {"-H", "Connection: close"}, {"-X", "POST"}}) {
    Daemon daemon("statusd", {"--delay", "500ms"});
    const auto start = Clock::now();
    const auto reply = curl(daemon, "/", options);
    EXPECT_GE(Clock::now() - start, Millis(500)) << options.back();
    EXPECT_FALSE(reply.body.empty());
  }
}

TEST(StatusdDelay, TheAnswerIsThereAtOnce) {
  Daemon daemon("statusd", {"--delay", "1h"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1"));
  (void)client.take_until(ok() + "\r\n");
  EXPECT_TRUE(client.silent_for(kSilence));
}

TEST(StatusdDelay, ThenTheConnectionIsGoodForAnotherRequest) {
  Daemon daemon("statusd", {"--delay", "300ms"});
  auto client = daemon.connect();
  const auto start = Clock::now();
  client.send(request("GET / HTTP/1.1") + request("GET / HTTP/1.1"));
  (void)client.take_until("0\r\n\r\n");
  (void)client.take_until("0\r\n\r\n");
  EXPECT_GE(Clock::now() - start, Millis(600));
}

// --- slowness and failures ---

TEST(StatusdTrouble, LatencyDelaysTheAnswer) {
  Daemon daemon("statusd", {"--latency", "300ms..400ms", "--route", "/x=1", "--status", "200"});
  for (const auto* path : {"/x", "/"}) {
    const auto start = Clock::now();
    EXPECT_EQ(curl(daemon, path).code, 200);
    EXPECT_GE(Clock::now() - start, Millis(300));
  }
}

TEST(StatusdTrouble, LatencyOfManyOverlapsAndProbesHaveNone) {
  Daemon daemon("statusd", {"--latency", "1h"});
  auto waits = daemon.connect();
  waits.send(request("GET / HTTP/1.1"));
  for (const auto* path : {"/livez", "/readyz", "/metrics"})
    EXPECT_EQ(curl(daemon, path).code, 200) << path;
  EXPECT_TRUE(waits.silent_for(kSilence));
}

// What keeps one client waiting keeps the only place.
const std::vector<std::vector<std::string>> kHolding{
    {"-m", "1", "--latency", "1h"}, {"-m", "1", "--delay", "1h"}, {"-m", "1", "--body-rate", "1"}};

TEST(StatusdTrouble, AClientThatHasResetFreesItsPlace) {
  for (const auto& options : kHolding) {
    Daemon daemon("statusd", options);
    auto leaves = daemon.connect();
    leaves.send(request("GET / HTTP/1.1"));
    wait_until("the request", [&] {
      daemon.signal(SIGUSR1);
      return line_with(daemon.err, "clients now").find("bytes in 0,") == std::string::npos;
    });
    leaves.reset();
    EXPECT_EQ(curl(daemon, "/livez").code, 200) << options[2];
  }
}

// It may have closed, which looks the same.
TEST(StatusdTrouble, AClientThatHasClosedGivesWayToOneThatWaits) {
  Daemon daemon("statusd", kHolding[0]);
  auto leaves = daemon.connect();
  leaves.send(request("GET / HTTP/1.1"));
  leaves.finish();
  EXPECT_THAT(curl(daemon, "/metrics").body, HasSubstr("statusd_requests_total{code=\"499\"} 1\n"));
}

TEST(StatusdTrouble, AClientThatHasHalfClosedIsAnswered) {
  Daemon daemon("statusd", {"-m", "1", "--latency", "500ms"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1"));
  client.finish();
  auto waits = daemon.connect();
  EXPECT_EQ(next_reply(client).body, ok());
}

TEST(StatusdTrouble, FailRate) {
  Daemon always("statusd", {"--fail-rate", "1"});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(curl(always, "/").code, 500);
  EXPECT_EQ(curl(always, "/livez").code, 200);
  Daemon sometimes("statusd", {"--fail-rate", "30%"});
  auto client = sometimes.connect();
  int failures = 0;
  for (int i = 0; i < 1000; ++i) {
    client.send(request("GET / HTTP/1.1"));
    const auto reply = next_reply(client);
    ASSERT_TRUE(reply.code == 200 || reply.code == 500);
    failures += reply.code == 500;
  }
  EXPECT_GT(failures, 200) << "9 standard deviations would be 170";
  EXPECT_LT(failures, 400);
}

// --- readiness and the end ---

TEST(StatusdReady, WhileThereIsTheFile) {
  const TempDir dir;
  Daemon daemon("statusd", {"--ready-file", dir.path("ready")});
  for (int i = 0; i < 2; ++i) {
    const Reply reply = curl(daemon, "/readyz");
    EXPECT_EQ(reply.code, 503);
    EXPECT_EQ(reply.body, "not ready: the --ready-file is missing\n");
    EXPECT_EQ(curl(daemon, "/livez").code, 200);
    EXPECT_EQ(curl(daemon, "/").code, 200);
    EXPECT_THAT(curl(daemon, "/metrics").body, HasSubstr("statusd_ready 0\n"));
    std::ofstream(dir.path("ready")) << "";
    EXPECT_EQ(curl(daemon, "/readyz").code, 200);
    EXPECT_THAT(curl(daemon, "/metrics").body, HasSubstr("statusd_ready 1\n"));
    std::filesystem::remove(dir.path("ready"));
  }
}

TEST(StatusdLameDuck, ServesOnButIsNotReady) {
  for (const auto* threads : {"1", "2"}) {
    Daemon daemon("statusd", {"--lame-duck", "1h", "--threads", threads});
    EXPECT_EQ(curl(daemon, "/readyz").code, 200);
    daemon.signal(SIGTERM);
    wait_until("unreadiness", [&] { return curl(daemon, "/readyz").code == 503; });
    for (int i = 0; i < 8; ++i) {  // new connections, on whichever thread
      EXPECT_EQ(curl(daemon, "/").body, ok());
      EXPECT_EQ(curl(daemon, "/livez").code, 200);
    }
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(kPrompt), 128 + SIGTERM) << "the second signal ends it at once";
  }
}

TEST(StatusdLameDuck, AKeptConnectionIsToldToEnd) {
  Daemon daemon("statusd", {"--lame-duck", "1h"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1"));
  EXPECT_EQ(next_reply(client).field("Connection"), "keep-alive");
  daemon.signal(SIGTERM);
  wait_until("unreadiness", [&] { return curl(daemon, "/readyz").code == 503; });
  client.send(request("GET / HTTP/1.1"));
  const auto reply = next_reply(client);
  EXPECT_EQ(reply.body, ok());
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_EQ(client.rest(), "");
}

TEST(StatusdLameDuck, ASecondSignalLeavesNoUnixSocket) {
  const TempDir dir;
  const auto path = dir.path("socket");
  for (const int second : {SIGTERM, SIGINT, SIGHUP}) {
    Daemon daemon("statusd", {"--lame-duck", "1h", "--threads", "2", "unix:" + path});
    daemon.signal(SIGTERM);
    wait_until("unreadiness", [&] { return curl(daemon, "/readyz").code == 503; });
    EXPECT_TRUE(std::filesystem::exists(path));
    daemon.signal(second);
    EXPECT_EQ(daemon.wait(kPrompt), 128 + second);
    EXPECT_FALSE(std::filesystem::exists(path)) << second;
  }
}

TEST(StatusdLameDuck, ThenItCeasesToAcceptAndDrains) {
  Daemon daemon("statusd", {"--lame-duck", "500ms", "--drain", "1h", "--latency", "1s"});
  const auto start = Clock::now();
  daemon.signal(SIGTERM);
  EXPECT_EQ(curl(daemon, "/").body, ok()) << "what began before the end is answered";
  EXPECT_EQ(daemon.wait(kPrompt), 0);
  EXPECT_GE(Clock::now() - start, Millis(500));
  EXPECT_FALSE(can_connect("127.0.0.1", daemon.port()));
}

TEST(StatusdLameDuck, TellsTheServiceManagerAtItsBeginning) {
  const TempDir dir;
  NotifySocket manager(dir.path("notify"));
  Daemon daemon("statusd", {"--lame-duck", "1h"}, {.env = {"NOTIFY_SOCKET=" + dir.path("notify")}});
  EXPECT_THAT(manager.receive(), HasSubstr("READY=1"));
  daemon.signal(SIGTERM);
  EXPECT_THAT(manager.receive(), HasSubstr("STOPPING=1"));
  EXPECT_TRUE(daemon.lives_for(kSilence));
}

TEST(StatusdDrain, AnIdleConnectionDoesNotHoldIt) {
  Daemon daemon("statusd", {"--drain", "1h"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1"));
  EXPECT_EQ(next_reply(client).code, 200);
  daemon.signal(SIGTERM);
  EXPECT_EQ(client.rest(kPrompt), "");
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(StatusdDrain, AnswersUnderWayAreDelivered) {
  Daemon daemon("statusd", {"--drain", "1h", "--latency", "700ms"});
  std::vector<Socket> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(daemon.connect());
    clients.back().send(request("GET / HTTP/1.1"));
  }
  const auto all = "bytes in " + std::to_string(20 * request("GET / HTTP/1.1").size()) + ",";
  wait_until("the requests", [&] {
    daemon.signal(SIGUSR1);
    return line_with(daemon.err, "clients now").find(all) != std::string::npos;
  });
  daemon.signal(SIGTERM);
  for (auto& client : clients) {
    const auto reply = next_reply(client);
    EXPECT_EQ(reply.body, ok());
    EXPECT_EQ(client.rest(), "");
  }
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(StatusdDrain, ARequestThatHasBegunIsRead) {
  Daemon daemon("statusd", {"--drain", "1h", "--route", "POST /hook=ok"});
  auto client = daemon.connect();
  auto idle = daemon.connect();
  const std::string post = request("POST /hook HTTP/1.1", "Content-Length: 3\r\n") + "abc";
  client.send(post.substr(0, post.size() - 1));
  const auto all = "bytes in " + std::to_string(post.size() - 1) + ",";
  wait_until("most of the request", [&] {
    daemon.signal(SIGUSR1);
    return line_with(daemon.err, "clients now").find(all) != std::string::npos;
  });
  daemon.signal(SIGTERM);
  EXPECT_EQ(idle.rest(kPrompt), "");
  client.send("c");
  const auto reply = next_reply(client);
  EXPECT_EQ(reply.body, "ok");
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

TEST(StatusdDrain, HasALimit) {
  Daemon daemon("statusd", {"--drain", "300ms", "--latency", "1h"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1"));
  wait_until("the request", [&] {
    daemon.signal(SIGUSR1);
    return line_with(daemon.err, "clients now").find("bytes in 0,") == std::string::npos;
  });
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

}  // namespace
}  // namespace e2e
