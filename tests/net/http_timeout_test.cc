// HTTP with clients that are slow: how long is waited for what.
#include "http_test.h"

namespace net::http {
namespace {

NET_TEST(HttpTimeout, AHeadMustComeInTime) {
  TestService service(loop, {.idle_timeout = kPatience, .head_timeout = Millis(50)});
  TestClient client(loop, service);
  const Stopwatch watch;
  const std::string answer = co_await client.ask(std::string(kGet) + "GET / HT", "");
  EXPECT_GE(watch.elapsed(), Millis(50));
  EXPECT_EQ(count(answer, "HTTP/1.1 200 OK\r\n"), 1U) << answer;
  EXPECT_EQ(count(answer, "HTTP/1.1 408 Request Timeout\r\n"), 1U) << answer;
  client.stream.close();
  co_await client.served();
}

// More bytes do not put the end off.
NET_TEST(HttpTimeout, AHeadThatTricklesIsRefusedToo) {
  TestService service(loop, {.head_timeout = Millis(100)});
  TestClient client(loop, service);
  WaitGroup group;
  std::string request = get("/", "X: " + std::string(10'000, 'y') + "\r\n");
  std::string answer;
  for (std::size_t at = 0; answer.empty() && at < request.size(); ++at) {
    co_await client.send(std::string_view(request).substr(at, 1));
    const auto data = co_await client.stream.read(Millis(5));
    if (data) answer = *data;
  }
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
  client.stream.close();
  co_await client.served();
}

// Each has its time from its own first byte on, though every read ends inside the next one.
NET_TEST(HttpTimeout, APipelineOfPartialHeadsGoesOn) {
  TestService service(loop, {.head_timeout = Millis(200)});
  TestClient client(loop, service);
  const std::string request = get("/");
  const std::string turned = request.substr(8) + request.substr(0, 8);
  co_await client.send(request.substr(0, 8));
  for (int i = 0; i < 6; ++i) {
    Error e = co_await sleep(loop, Millis(60));
    EXPECT_FALSE(e);
    const std::string answer = co_await client.ask(turned);
    REQUIRE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  }
  const std::string answer = co_await client.receive_rest();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
  client.stream.close();
  co_await client.served();
}

NET_TEST(HttpTimeout, AHeadBehindASlowBodyHasItsTime) {
  TestService service(loop, {.head_timeout = Millis(200)});
  TestClient client(loop, service);
  co_await client.send(get("/echo", "Content-Length: 6\r\n"));
  Error e = co_await sleep(loop, Millis(250));
  EXPECT_FALSE(e);
  std::string answer = co_await client.ask("Hello\nGET / HT");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  e = co_await sleep(loop, Millis(50));
  EXPECT_FALSE(e);
  answer = co_await client.ask("TP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpTimeout, SilenceEndsAConnection) {
  TestService service(loop, {.idle_timeout = Millis(30)});
  TestClient silent(loop, service);
  std::string answer = co_await silent.receive_rest();
  EXPECT_EQ(answer, "");
  TestClient after(loop, service);
  answer = co_await after.ask(kGet, "");
  EXPECT_EQ(count(answer, "HTTP/1.1"), 1U) << answer;
  TestClient in_body(loop, service);
  answer = co_await in_body.ask(get("/echo", "Content-Length: 3\r\n") + "ab", "");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
  in_body.stream.close();
  co_await silent.served();
  co_await after.served();
  co_await in_body.served();
}

// However they are cut.
NET_TEST(HttpTimeout, EmptyLinesAreSilence) {
  for (const std::size_t size : {1U, 2U, 3U}) {
    TestService service(loop, {.idle_timeout = Millis(200)});
    TestClient client(loop, service);
    const Stopwatch watch;
    const std::string lines = repeated(1000, "\r\n");
    for (std::size_t at = 0; client.being_served(); at += size) {
      REQUIRE(watch.elapsed() < Millis(5'000));
      co_await client.send(std::string_view(lines).substr(at, size));
      Error e = co_await sleep(loop, Millis(20));
      EXPECT_FALSE(e);
    }
    client.stream.close();
    co_await client.served();
  }
}

NET_TEST(HttpTimeout, EmptyLinesEndNoRequest) {
  TestService service(loop, {.idle_timeout = Millis(200)});
  TestClient client(loop, service);
  for (int i = 0; i < 6; ++i) {
    const std::string answer = co_await client.ask(std::string(kGet) + "\r\n");
    REQUIRE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    Error e = co_await sleep(loop, Millis(60));
    EXPECT_FALSE(e);
  }
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpTimeout, NoTimeoutsWhereTheyAreZero) {
  TestService service(loop, {.idle_timeout = Millis(0), .head_timeout = Millis(0)});
  TestClient client(loop, service);
  co_await client.send("GET / HT");
  Error e = co_await sleep(loop, Millis(50));
  EXPECT_FALSE(e);
  const std::string answer = co_await client.ask("TP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  co_await client.half_close();
  co_await client.served();
}

Task<> trickle(Loop& loop, TestClient& client, const bool& enough) {
  const std::string head = get("/", "X: " + std::string(15'000, 'y') + "\r\n");
  for (std::size_t at = 0;; ++at) {
    if (enough) break;
    co_await client.send(std::string_view(head).substr(at, 1));
    Error e = co_await sleep(loop, Millis(3));
    EXPECT_FALSE(e);
  }
  co_await client.half_close();
}

NET_TEST(HttpTimeout, FiftyThatTrickleDelayNobody) {
  TestService service(loop);
  std::vector<std::unique_ptr<TestClient>> loris;
  WaitGroup group;
  bool enough = false;
  for (int i = 0; i < 50; ++i) {
    loris.push_back(std::make_unique<TestClient>(loop, service));
    group.go(trickle(loop, *loris.back(), enough));
  }
  TestClient client(loop, service);
  for (int i = 0; i < 500; ++i) {
    const std::string answer = co_await client.ask(kGet);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_EQ(service.answers, 500);
  for (const auto& one : loris) EXPECT_TRUE(one->being_served());
  enough = true;
  co_await group.wait();
  for (const auto& one : loris) co_await one->served();
  co_await client.half_close();
  co_await client.served();
}

}  // namespace
}  // namespace net::http
