// http_test.h - an HTTP service under test, and its clients on the same loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/server.h"
#include "net_test.h"

namespace net::http {

// Answers by path: /echo the body, /big a lot, /wait after proceed(), /sleep after 20 ms, /stream,
// /measured and /broken in pieces, /close and ends the connection, /none 204, anything else
// "Hello\n".
class TestService final : public HttpService {
 public:
  static constexpr std::size_t kBigBytes = 100'000;

  explicit TestService(Loop& loop, const HttpOptions& options = {})
      : HttpService(loop, options), loop_(loop), gate_(loop) {}

  Answer answer(const Request& request) override;
  std::optional<Response> admit(Request&, const Stream&, BodyLimit& body) override {
    body = limit;
    return std::nullopt;
  }
  void answered(const Request& request, int status, std::size_t body_bytes,
                std::string_view peer) override;
  void proceed() { gate_.wake(); }

  std::vector<std::string> log;  // "GET /path X 200 6", with the value of the field X
  bool logging = true;
  BodyLimit limit;
  int answers = 0;  // begun

 private:
  Task<Response> wait(std::string path);
  Task<Response> sleep_then_answer(std::string path);

  Loop& loop_;
  Timer gate_;
};

// The ends of a socket on which one read returns exactly one write.
Ends message_ends();

// A client and its connection to the service.
class TestClient {
 public:
  TestClient(Loop& loop, HttpService& service, Kind kind = Kind::kTcp);
  TestClient(Loop& loop, HttpService& service, Ends ends);

  // Receives until the data ends with `end` or the connection ends.
  Task<std::string> receive_until(std::string_view end) { return receive(std::string(end)); }
  // Receives until the end of the connection.
  Task<std::string> receive_rest() { return receive(std::string()); }
  // Copies the bytes, because g++ 12 may destroy temporaries in a co_await too early.
  Task<> send(std::string_view bytes) { return send_copy(std::string(bytes)); }
  Task<> half_close();
  // Sends a request and returns the answer up to `end`.
  Task<std::string> ask(std::string_view bytes, std::string_view end = "Hello\n") {
    return ask_copy(std::string(bytes), std::string(end));
  }
  // Waits for the connection to end.
  auto served() { return conns_.wait(); }
  bool being_served() const { return conns_.count() > 0; }

  Stream stream;

 private:
  Task<std::string> receive(std::string end);
  Task<> send_copy(std::string bytes);
  Task<std::string> ask_copy(std::string bytes, std::string end);

  WaitGroup conns_;
};

inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
std::string get(std::string_view path, std::string_view fields = "");
std::string repeated(std::size_t n, std::string_view text);
std::size_t count(std::string_view text, std::string_view part);

}  // namespace net::http
