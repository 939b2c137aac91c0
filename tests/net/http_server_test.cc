// One HTTP connection: what is answered, and when it ends.
#include <sys/socket.h>

#include <thread>

#include "http_test.h"

namespace net::http {
namespace {

using Lines = std::vector<std::string>;

NET_TEST(HttpServer, KeepsTheConnection) {
  TestService service(loop);
  TestClient client(loop, service);
  for (int i = 0; i < 3; ++i) {
    const std::string answer = co_await client.ask(kGet);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
    EXPECT_EQ(count(answer, "Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n"), 1U) << answer;
  }
  co_await client.half_close();
  const std::string rest = co_await client.receive_rest();
  EXPECT_EQ(rest, "");
  co_await client.served();
  EXPECT_EQ(service.log, (Lines{"GET /  200 6", "GET /  200 6", "GET /  200 6"}));
}

NET_TEST(HttpServer, OneByteAtATime) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string request = "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const std::string two = request + request;
  for (const char& byte : two) {
    const std::string_view one(&byte, 1);
    co_await client.send(one);
    co_await next_round(loop);
    co_await next_round(loop);
  }
  co_await client.half_close();
  const std::string answers = co_await client.receive_rest();
  EXPECT_EQ(count(answers, "\r\n\r\nabc"), 2U) << answers;
  co_await client.served();
}

Task<> ask_often(Loop& loop) {
  TestService service(loop);
  TestClient client(loop, service);
  for (int i = 0; i < 1000; ++i) {
    const std::string answer = co_await client.ask(kGet);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  }
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpServer, AllRequestsOfOneReadAreAnsweredWithOneWrite) {
  TestService service(loop);
  TestClient client(loop, service, message_ends());
  const std::string requests = repeated(100, kGet) + get("/echo", "Content-Length: 3\r\n") + "abc";
  for (int i = 0; i < 2; ++i) {
    co_await client.send(requests);
    const auto data = co_await client.stream.read(kPatience);
    REQUIRE(data);
    EXPECT_EQ(count(*data, "HTTP/1.1 200 OK\r\n"), 101U);
    EXPECT_TRUE(data->ends_with("abc"));
  }
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpServer, HeadHasNoBody) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string answer =
      co_await client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(count(answer, "Content-Length: 6\r\n"), 2U) << answer;
  EXPECT_EQ(count(answer, "Hello\n"), 1U) << answer;
  co_await client.half_close();
  co_await client.served();
  EXPECT_EQ(service.log, (Lines{"HEAD /  200 0", "GET /  200 6"}));
}

NET_TEST(HttpServer, NoContentHasNoLength) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string answer = co_await client.ask(get("/none") + std::string(kGet));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 No Content\r\n")) << answer;
  EXPECT_EQ(count(answer, "Content-Length"), 1U) << answer;
  EXPECT_EQ(count(answer, "Hello\n"), 1U) << answer;
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpServer, BodiesOfBothKinds) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string body = pattern(1 << 20);
  std::string sized = get("/echo", "Content-Length: 1048576\r\n") + body;
  WaitGroup group;
  group.go(client.send(sized));
  std::string answer = co_await client.receive_until(std::string_view(body).substr(1'000'000));
  co_await group.wait();
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
  const std::string chunked = get("/echo", "Transfer-Encoding: chunked\r\n") + "80000;x=y\r\n" +
                              body.substr(0, 0x80000) + "\r\n80000\r\n" + body.substr(0x80000) +
                              "\r\n0\r\nX: y\r\n\r\n";
  group.go(client.send(chunked));
  answer = co_await client.receive_until(std::string_view(body).substr(1'000'000));
  co_await group.wait();
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
  co_await client.half_close();
  co_await client.served();
}

NET_TEST(HttpServer, ABodyThatIsTooLargeIsRefusedBeforeItComes) {
  TestService service(loop);
  service.limit.bytes_max = 10;
  const Lines requests = {
      get("/echo", "Content-Length: 11\r\n"),
      get("/echo", "Content-Length: 11\r\nExpect: 100-continue\r\n"),
      get("/echo", "Transfer-Encoding: chunked\r\n") + "6\r\nabcdef\r\n5\r\n",
  };
  for (const std::string& request : requests) {
    TestClient client(loop, service);
    const std::string answer = co_await client.ask(request, "");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 Content Too Large\r\n")) << answer;
    co_await client.half_close();
    co_await client.served();
  }
  EXPECT_EQ(service.answers, 0);
}

NET_TEST(HttpServer, NothingIsAnsweredAfterARefusal) {
  TestService service(loop);
  const Lines requests = {
      "GET / HTTP/1.1\r\n\r\n",
      "GET /\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
  };
  for (const std::string& bad : requests) {
    service.answers = 0;
    TestClient client(loop, service);
    const std::string answer = co_await client.ask(std::string(kGet) + bad + repeated(3, kGet), "");
    EXPECT_EQ(count(answer, "HTTP/1.1 200 OK\r\n"), 1U) << answer;
    EXPECT_EQ(count(answer, "Connection: close\r\n"), 1U) << answer;
    EXPECT_TRUE(answer.ends_with(".\n")) << answer;
    EXPECT_EQ(service.answers, 1);
    co_await client.half_close();
    co_await client.served();
  }
}

// A close with unread input would reset the connection, and the answer would be lost.
NET_TEST(HttpServer, WhoIsRefusedInTheMiddleOfSendingReadsWhy) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string flood = "GET / HTTP/9.9\r\n\r\n" + std::string(3'000'000, 'x');
  co_await client.send(flood);
  const std::string answer = co_await client.receive_rest();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 505 ")) << answer;
  client.stream.close();
  co_await client.served();
  EXPECT_EQ(service.log, (Lines{"   505 42"}));
}

NET_TEST(HttpServer, ContinueIsSentToWhoWaitsForIt) {
  TestService service(loop);
  TestClient client(loop, service);
  const std::string head = get("/echo", "Expect: 100-continue\r\nContent-Length: 3\r\n");
  std::string answer = co_await client.ask(std::string(kGet) + head, "\r\n\r\n");
  if (!answer.ends_with("100 Continue\r\n\r\n"))
    answer = co_await client.receive_until("100 Continue\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("HTTP/1.1 100 Continue\r\n\r\n")) << answer;
  answer = co_await client.ask("abc", "abc");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  answer = co_await client.ask(head + "abc", "abc");
  EXPECT_EQ(count(answer, "100 Continue"), 0U) << answer;
  answer = co_await client.ask(get("/echo", "Expect: more\r\nContent-Length: 3\r\n"), "");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 417 Expectation Failed\r\n")) << answer;
  client.stream.close();
  co_await client.served();
}

NET_TEST(HttpServer, Http10EndsUnlessItAsksForMore) {
  TestService service(loop);
  {
    TestClient client(loop, service);
    const std::string answer = co_await client.ask("GET / HTTP/1.0\r\n\r\n", "");
    EXPECT_EQ(count(answer, "Connection: close\r\n"), 1U) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nHello\n")) << answer;
    co_await client.served();
  }
  TestClient client(loop, service);
  const std::string asking = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
  std::string answer = co_await client.ask(asking);
  EXPECT_EQ(count(answer, "Connection: keep-alive\r\n"), 1U) << answer;
  answer = co_await client.ask(asking + "GET / HTTP/1.0\r\n\r\n", "");
  EXPECT_EQ(count(answer, "Hello\n"), 2U) << answer;
  co_await client.served();
}

NET_TEST(HttpServer, EndsWhereEitherSideWantsIt) {
  TestService service(loop);
  const Lines requests = {get("/", "Connection: close\r\n"), get("/close")};
  for (const std::string& request : requests) {
    TestClient client(loop, service);
    const std::string answer = co_await client.ask(request + std::string(kGet), "");
    EXPECT_EQ(count(answer, "Connection: close\r\n"), 1U) << answer;
    EXPECT_EQ(count(answer, "Hello\n"), 1U) << answer;
    client.stream.close();
    co_await client.served();
  }
}

NET_TEST(HttpServer, AHalfClosedClientGetsItsAnswers) {
  TestService service(loop);
  TestClient client(loop, service);
  co_await client.send(repeated(10, kGet));
  co_await client.half_close();
  const std::string answers = co_await client.receive_rest();
  EXPECT_EQ(count(answers, "Hello\n"), 10U);
  co_await client.served();
}

NET_TEST(HttpServer, TheEndInTheMiddleOfARequestIsSaid) {
  TestService service(loop);
  for (const std::string& part :
       {std::string("GET / HT"), std::string("\r"), get("/echo", "Content-Length: 3\r\n") + "ab"}) {
    TestClient client(loop, service);
    co_await client.send(part);
    co_await client.half_close();
    const std::string answer = co_await client.receive_rest();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
    co_await client.served();
  }
  TestClient client(loop, service);
  co_await client.send("\r\n\r\n");
  co_await client.half_close();
  const std::string answer = co_await client.receive_rest();
  EXPECT_EQ(answer, "");
  co_await client.served();
}

TEST(HttpServer, AThreadsServiceIsItsOwn) {
  std::thread first(run_test, &ask_often);
  std::thread second(run_test, &ask_often);
  first.join();
  second.join();
}

NET_TEST(HttpServer, AClientThatResetsIsLetGo) {
  TestService service(loop);
  const Lines requests = {"", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"};
  for (const std::string& sent : requests) {
    Ends ends = connected(Kind::kTcp);
    WaitGroup conns;
    conns.go(service.handle_conn(Stream(loop, std::move(ends.near))));
    send(ends.far, sent);
    co_await next_round(loop);
    co_await next_round(loop);
    reset(ends.far);
    co_await conns.wait();
  }
}

}  // namespace
}  // namespace net::http
