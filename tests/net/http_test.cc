#include "http_test.h"

#include <sys/socket.h>

namespace net::http {

static Task<Error> write_pieces(Body& body) {
  Error e = co_await body.write("Hel");
  if (!e) e = co_await body.write("");
  if (!e) e = co_await body.write("lo, streamed ");
  if (!e) e = co_await body.write("world\n");
  co_return e;
}

static Task<Error> break_off(Body& body) {
  Error e = co_await body.write("Hel");
  EXPECT_FALSE(e);
  co_return Error(UV_EIO);
}

static Response response_with(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Task<Response> TestService::wait(std::string path) {
  Error e = co_await gate_.wait(kForever);
  EXPECT_EQ(e, Error(UV_EINTR));
  co_return response_with("waited for " + path + "\n");
}

Task<Response> TestService::sleep_then_answer(std::string path) {
  Error e = co_await sleep(loop_, Millis(20));
  EXPECT_FALSE(e);
  co_return response_with("slept for " + path + "\n");
}

Answer TestService::answer(const Request& request) {
  ++answers;
  if (request.path == "/wait") return wait(std::string(request.target));
  if (request.path == "/sleep") return sleep_then_answer(std::string(request.target));
  Response response = response_with("Hello\n");
  if (request.path == "/echo") response.body = request.body;
  if (request.path == "/big") response.body = pattern(kBigBytes);
  if (request.path == "/close") response.close = true;
  if (request.path == "/none") response.status = 204;
  if (request.path == "/stream" || request.path == "/measured") response.stream = write_pieces;
  if (request.path == "/measured") response.stream_bytes = 22;
  if (request.path == "/broken") response.stream = break_off;
  return response;
}

void TestService::answered(const Request& request, int status, std::size_t body_bytes,
                           std::string_view) {
  if (!logging) return;
  std::string line(request.method);
  line.append(" ").append(request.target).append(" ").append(request.field("X"));
  log.push_back(line + " " + std::to_string(status) + " " + std::to_string(body_bytes));
}

Ends message_ends() {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

TestClient::TestClient(Loop& loop, HttpService& service, Kind kind)
    : TestClient(loop, service, connected(kind)) {}

TestClient::TestClient(Loop& loop, HttpService& service, Ends ends)
    : stream(loop, std::move(ends.far)) {
  conns_.go(service.handle_conn(Stream(loop, std::move(ends.near))));
}

Task<std::string> TestClient::receive(std::string end) {
  std::string all;
  while (end.empty() || !all.ends_with(end)) {
    const auto data = co_await stream.read(kPatience);
    EXPECT_FALSE(data.error()) << all;
    if (!data || data->empty()) break;
    all += *data;
  }
  co_return all;
}

Task<> TestClient::send_copy(std::string bytes) {
  Error e = co_await stream.write(bytes);
  EXPECT_FALSE(e);
}

Task<> TestClient::half_close() {
  Error e = co_await stream.shutdown();
  EXPECT_FALSE(e);
}

Task<std::string> TestClient::ask_copy(std::string bytes, std::string end) {
  Error e = co_await stream.write(bytes);
  EXPECT_FALSE(e);
  std::string answer = co_await receive_until(end);
  co_return answer;
}

std::string get(std::string_view path, std::string_view fields) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

std::string repeated(std::size_t n, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += text;
  return all;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; ++n)
    at += part.size();
  return n;
}

}  // namespace net::http
