// HTTP when something takes time: the handler, the client, the end.
#include <malloc.h>

#include "http_test.h"

namespace net::http {
namespace {

using Lines = std::vector<std::string>;

// --- handlers that wait ---

NET_TEST(HttpSlow, AWaitingHandlerStopsNobodyElse) {
  TestService service(loop);
  TestClient waiting(loop, service);
  TestClient other(loop, service);
  co_await waiting.send(get("/wait?1", "X: kept\r\n") + get("/echo", "Content-Length: 3\r\n") +
                        "abc");
  std::string answer;
  for (int i = 0; i < 10; ++i) answer = co_await other.ask(kGet);
  EXPECT_EQ(service.answers, 11);
  service.proceed();
  answer = co_await waiting.receive_until("abc");
  EXPECT_EQ(count(answer, "waited for /wait?1\n"), 1U) << answer;
  EXPECT_EQ(count(answer, "HTTP/1.1 200 OK\r\n"), 2U) << answer;
  EXPECT_EQ(service.log[10], "GET /wait?1 kept 200 19");
  for (TestClient* client : {&waiting, &other}) co_await client->half_close();
  co_await waiting.served();
  co_await other.served();
}

NET_TEST(HttpSlow, AnswersKeepTheirOrder) {
  TestService service(loop);
  TestClient client(loop, service);
  std::string requests, expected;
  for (int i = 0; i < 5; ++i) {
    const std::string number = std::to_string(i);
    requests += get("/sleep?" + number) + get("/echo", "Content-Length: 1\r\n") + number;
    expected += "slept for /sleep?" + number + "\n" + number;
  }
  co_await client.send(requests);
  co_await client.half_close();
  std::string answers = co_await client.receive_rest();
  std::string bodies;
  for (std::size_t at; (at = answers.find("\r\n\r\n")) != std::string::npos;) {
    answers.erase(0, at + 4);
    bodies += answers.substr(0, answers.find("HTTP/1.1"));
  }
  EXPECT_EQ(bodies, expected);
  co_await client.served();
}

NET_TEST(HttpSlow, AnAnswerBeforeAWaitIsNotHeldBack) {
  TestService service(loop);
  TestClient client(loop, service);
  std::string answer = co_await client.ask(std::string(kGet) + get("/wait"));
  EXPECT_EQ(count(answer, "Hello\n"), 1U) << answer;
  service.proceed();
  answer = co_await client.receive_until("waited for /wait\n");
  client.stream.close();
  co_await client.served();
}

NET_TEST(HttpSlow, AClientThatLeavesWhileItsHandlerWaits) {
  TestService service(loop);
  Ends ends = connected(Kind::kTcp);
  WaitGroup conns;
  conns.go(service.handle_conn(Stream(loop, std::move(ends.near))));
  send(ends.far, get("/wait") + repeated(3, kGet));
  while (service.answers == 0) co_await next_round(loop);
  reset(ends.far);
  service.proceed();
  co_await conns.wait();
}

// --- streams ---

NET_TEST(HttpSlow, AStreamIsChunked) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string answer = co_await client.ask(get("/stream") + std::string(kGet));
  EXPECT_EQ(count(answer, "Transfer-Encoding: chunked\r\n"), 1U) << answer;
  EXPECT_EQ(
      count(answer, "\r\n\r\n3\r\nHel\r\nd\r\nlo, streamed \r\n6\r\nworld\n\r\n0\r\n\r\nHTTP/"), 1U)
      << answer;
  EXPECT_EQ(service.log, (Lines{"GET /stream  200 22", "GET /  200 6"}));
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpSlow, AStreamOfKnownLengthSaysSo) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string head = "HEAD /measured HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string old = "GET /measured HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  const std::string answer = co_await client.ask(get("/measured") + head + old + std::string(kGet));
  EXPECT_EQ(count(answer, "Content-Length: 22\r\n"), 3U) << answer;
  EXPECT_EQ(count(answer, "\r\n\r\nHello, streamed world\nHTTP/"), 2U) << answer;
  EXPECT_EQ(count(answer, "chunked"), 0U) << answer;
  EXPECT_EQ(service.log, (Lines{"GET /measured  200 22", "HEAD /measured  200 0",
                                "GET /measured  200 22", "GET /  200 6"}));
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpSlow, TheHeadOfAStreamGoesWithItsFirstPiece) {
  TestService service(loop);
  TestClient client(loop, service, message_ends());
  co_await client.send(get("/measured"));
  const auto data = co_await client.stream.read(kPatience);
  REQUIRE(data);
  EXPECT_TRUE(data->ends_with("\r\n\r\nHel")) << *data;
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpSlow, AStreamToHttp10EndsWithTheConnection) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string request = "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  const std::string answer = co_await client.ask(request + std::string(kGet), "");
  EXPECT_TRUE(answer.ends_with("Connection: close\r\n\r\nHello, streamed world\n")) << answer;
  EXPECT_EQ(count(answer, "Transfer-Encoding"), 0U) << answer;
  client.stream.close();
  co_await client.served();
}

NET_TEST(HttpSlow, HeadOfAStreamIsItsHead) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string answer =
      co_await client.ask("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(count(answer, "Transfer-Encoding: chunked\r\n"), 1U) << answer;
  EXPECT_EQ(count(answer, "streamed"), 0U) << answer;
  EXPECT_EQ(count(answer, "0\r\n\r\n"), 0U) << answer;
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpSlow, AStreamThatBreaksOffHasNoLastChunk) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string answer = co_await client.ask(get("/broken") + std::string(kGet), "");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n3\r\nHel\r\n")) << answer;
  EXPECT_EQ(service.log, (Lines{"GET /broken  200 3"}));
  co_await client.served();
}

// --- clients that do not read ---

// Until nothing moves any more.
Task<> wait_for_stillness(Loop& loop) {
  for (std::uint64_t before = UINT64_MAX; before != loop.traffic().in;) {
    before = loop.traffic().in;
    Error e = co_await sleep(loop, Millis(50));
    EXPECT_FALSE(e);
  }
}

NET_TEST(HttpSlow, WhoPipelinesAndDoesNotReadCostsLittleAndLosesNothing) {
  constexpr std::size_t kRequests = 20'000;
  TestService service(loop);
  service.logging = false;
  Ends ends = connected(Kind::kTcp);
  narrow(ends.near.get());
  narrow(ends.far.get());
  TestClient client(loop, service, std::move(ends));
  WaitGroup group;
  group.go(client.send(repeated(kRequests, kGet)));
  const std::size_t before = mallinfo2().uordblks;
  co_await wait_for_stillness(loop);
  EXPECT_LT(mallinfo2().uordblks, before + (1 << 20));
  EXPECT_LT(service.answers, static_cast<int>(kRequests)) << "a client has read";
  std::size_t answers = 0;
  std::string part;
  while (answers < kRequests) {
    const auto data = co_await client.stream.read(kPatience);
    REQUIRE(data && !data->empty());
    part += *data;
    const std::size_t complete = part.rfind("Hello\n") + 6;
    answers += count(std::string_view(part).substr(0, complete), "\r\n\r\nHello\n");
    part.erase(0, complete);
  }
  co_await group.wait();
  EXPECT_EQ(answers, kRequests);
  EXPECT_EQ(part, "");
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpSlow, BigAnswersWaitForTheirReader) {
  constexpr std::size_t kRequests = 100;
  TestService service(loop);
  TestClient client(loop, service);
  const std::size_t before = mallinfo2().uordblks;
  co_await client.send(repeated(kRequests, get("/big")));
  co_await wait_for_stillness(loop);
  EXPECT_LT(mallinfo2().uordblks, before + (1 << 20));
  co_await client.half_close();
  std::string answers = co_await client.receive_rest();
  const std::string answer = "\r\n\r\n" + pattern(TestService::kBigBytes);
  EXPECT_EQ(count(answers, answer), kRequests);
  co_await client.served();
}

// --- the server's end ---

// So that a client does not send the next request just as the server closes.
NET_TEST(HttpDrain, BeforeItEachAnswerEndsItsConnection) {
  TestService service(loop);
  TestClient kept(loop, service);
  std::string answer = co_await kept.ask(kGet);
  EXPECT_EQ(count(answer, "Connection: close\r\n"), 0U) << answer;
  service.stop_soon();
  TestClient fresh(loop, service);
  TestClient* const clients[] = {&kept, &fresh};
  for (TestClient* client : clients) {
    answer = co_await client->ask(repeated(2, kGet), "");
    EXPECT_EQ(count(answer, "Hello\n"), 2U) << "what has arrived is answered";
    EXPECT_EQ(count(answer, "Connection: close\r\n"), 1U) << answer;
    EXPECT_TRUE(answer.ends_with("Connection: close\r\n\r\nHello\n")) << answer;
    co_await client->half_close();
    co_await client->served();
  }
}

NET_TEST(HttpDrain, IdleConnectionsEndAtOnce) {
  TestService service(loop);
  TestClient fresh(loop, service);
  TestClient used(loop, service);
  std::string answer = co_await used.ask(kGet);
  loop.end_input();
  co_await fresh.served();
  co_await used.served();
  answer = co_await used.receive_rest();
  EXPECT_EQ(answer, "");
}

// From here on the client is a plain socket: the loop has ended the input of all its streams.
struct Drain {
  Drain(Loop& loop, TestService& service, Ends ends) : client(std::move(ends.far)) {
    conns.go(service.handle_conn(Stream(loop, std::move(ends.near))));
  }
  Fd client;
  WaitGroup conns;
};

NET_TEST(HttpDrain, WhatIsUnderWayIsAnsweredAndEnds) {
  TestService service(loop);
  Drain drain(loop, service, connected(Kind::kTcp));
  send(drain.client, get("/wait"));
  while (service.answers == 0) co_await next_round(loop);
  service.stop_soon();
  loop.end_input();
  EXPECT_EQ(drain.conns.count(), 1U);
  service.proceed();
  half_close(drain.client);
  co_await drain.conns.wait();
  const std::string answer = receive_all(drain.client);
  EXPECT_EQ(count(answer, "Connection: close\r\n"), 1U) << answer;
  EXPECT_TRUE(answer.ends_with("waited for /wait\n")) << answer;
}

NET_TEST(HttpDrain, EverythingThatHasArrivedIsAnswered) {
  TestService service(loop);
  Drain drain(loop, service, connected(Kind::kTcp));
  send(drain.client, get("/wait") + std::string(kGet));
  while (service.answers == 0) co_await next_round(loop);
  service.stop_soon();
  loop.end_input();
  service.proceed();
  half_close(drain.client);
  co_await drain.conns.wait();
  const std::string answer = receive_all(drain.client);
  EXPECT_TRUE(answer.ends_with("Connection: close\r\n\r\nHello\n")) << answer;
  EXPECT_EQ(count(answer, "Connection: close\r\n"), 1U) << answer;
}

// For its rest, of head or body, the drain has time.
NET_TEST(HttpDrain, RequestsThatHaveBegunAreAnswered) {
  TestService service(loop);
  const std::string post = get("/echo", "Content-Length: 3\r\n") + "abc";
  const std::size_t sizes[] = {1, 8, post.size() - 3, post.size() - 1};
  std::vector<std::unique_ptr<Drain>> drains;
  std::size_t sent = 0;
  for (const std::size_t size : sizes) {
    drains.push_back(std::make_unique<Drain>(loop, service, connected(Kind::kTcp)));
    send(drains.back()->client, post.substr(0, size));
    sent += size;
  }
  while (loop.traffic().in < sent) co_await next_round(loop);
  service.stop_soon();
  loop.end_input();
  co_await next_round(loop);
  for (std::size_t i = 0; i < drains.size(); ++i) {
    Drain& drain = *drains[i];
    EXPECT_EQ(drain.conns.count(), 1U);
    send(drain.client, post.substr(sizes[i]));
    half_close(drain.client);
    co_await drain.conns.wait();
    const std::string answer = receive_all(drain.client);
    EXPECT_EQ(count(answer, "Connection: close\r\n"), 1U) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nabc")) << answer;
  }
}

}  // namespace
}  // namespace net::http
