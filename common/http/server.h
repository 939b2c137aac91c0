// server.h - a Service whose connections speak HTTP/1.1 and HTTP/1.0.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "common/http/date.h"
#include "common/http/figures.h"
#include "common/http/response.h"
#include "common/net/server.h"

namespace net::http {

class Parser;
struct Refusal;
enum class Progress;

// A handler that need not wait returns a Response, which saves the coroutine frame.
using Answer = std::variant<Response, Task<Response>>;

struct HttpOptions {
  Millis idle_timeout{75'000};  // without a request, or a byte of its body; zero: none
  Millis head_timeout{10'000};  // for a head, from its first byte; zero: none
  Millis body_timeout{60'000};  // for a whole body; zero: none
  bool once = false;            // answer one request, then stop the server as SIGTERM does
  bool logs_peers = false;      // answered() is told the client's IP address
};

class HttpService : public Service {
 public:
  HttpService(Loop& loop, const HttpOptions& options);
  ~HttpService() override;
  Task<> handle_conn(Stream stream) final;
  // From now on each answer ends its connection, unless further requests have arrived.
  void stop_soon() override { stopping_ = true; }

 protected:
  // Called with a request's head, before its body is read.  Returns the answer that refuses it, or
  // nothing and sets what its body may be.
  virtual std::optional<Response> admit([[maybe_unused]] Request& head,
                                        [[maybe_unused]] const Stream& conn,
                                        [[maybe_unused]] BodyLimit& body) {
    return std::nullopt;
  }
  // HEAD comes here too: the body of its answer is dropped, its Content-Length kept.
  virtual Answer answer(const Request& request) = 0;
  // The answer to a refused request: a sentence in text/plain, unless the daemon has other forms.
  // The request is empty if its head is refused.
  virtual Response refusal(const Request& request, int status, std::string_view sentence);
  // After each answer, for logs and figures.  To a refused request too, whose method is empty then.
  // body_bytes: as sent.  peer: empty for a local client.
  virtual void answered([[maybe_unused]] const Request& request, [[maybe_unused]] int status,
                        [[maybe_unused]] std::size_t body_bytes,
                        [[maybe_unused]] std::string_view peer) {}
  // Adds whole header lines to an answer that is being sent.
  virtual void decorate([[maybe_unused]] const Request& request,
                        [[maybe_unused]] std::string& head) {}
  bool stopping() const { return stopping_; }
  const Tally& tally() const { return tally_; }

 private:
  struct Conn;
  std::optional<Task<>> serve(Conn& conn, std::string_view input);
  std::optional<Task<>> take_leave(Conn& conn, Error why);
  std::optional<Answer> answer_ready(Conn& conn, std::string_view& input);
  bool is_due(Conn& conn);
  std::optional<Answer> answer_one(Conn& conn, Parser& parser, std::string_view& input);
  Progress take_body(Conn& conn, Parser& parser, std::string_view& input,
                     std::optional<Response>& refused);
  void wait_for_more(Conn& conn, Parser& parser);
  bool flush(Conn& conn);
  Task<> answer_slowly(Conn& conn, std::optional<Answer> waiting, std::string rest);
  Task<> finish(Conn& conn, Answer answer, bool last);
  Task<> stream_body(Conn& conn, const Response& response, bool last);
  Task<> write_out(Conn& conn);

  void end_by_fault(Conn& conn, const Request& request, Response::Fault fault);
  void end_without(Conn& conn, const Request& request, int status);
  void put(Conn& conn, const Parser& parser, const Response& response, bool last);
  void refuse(Conn& conn, const Parser& parser, const Refusal& why);
  void put_head(std::string& out, const Request& request, const Response& response,
                const Framing& framing);
  void count(const Request& request, int status, std::size_t body_bytes, const Conn& conn);
  Framing frame(Conn& conn, const Parser& parser, const Response& response, bool last);
  void hold_parser(Conn& conn);
  void release_parser(Conn& conn);
  Millis time_left(Conn& conn) const;

  Loop& loop_;
  const HttpOptions options_;
  Date date_;
  std::string keep_alive_;  // the header lines for a connection that is kept
  Tally tally_;
  bool stopping_ = false;
  bool taken_ = false;              // with once: the request to answer has arrived
  std::string out_;                 // the answers to one read, until written
  std::unique_ptr<Parser> parser_;  // spare, for the next request of any connection
};

}  // namespace net::http
