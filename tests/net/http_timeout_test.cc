// HTTP with clients that are slow: what becomes of them.  How long each part of a request may take
// is Patience, which unit tests cover.
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

// Requests without a pause, for three times the limit: only an end that no request moves can come.
NET_TEST(HttpTimeout, EmptyLinesEndNoRequest) {
  constexpr Millis kLimit(100);
  TestService service(loop, {.idle_timeout = kLimit});
  service.logging = false;
  TestClient client(loop, service);
  const Stopwatch watch;
  while (watch.elapsed() < 3 * kLimit) {
    const std::string answer = co_await client.ask(std::string(kGet) + "\r\n");
    REQUIRE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  }
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
