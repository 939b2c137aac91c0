#include "common/http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "common/http/parser.h"
#include "common/http/patience.h"
#include "common/http/response.h"
#include "common/net/address.h"
#include "common/net/socket_option.h"

namespace net::http {

namespace {

// A client that pipelines without reading costs at most this, plus one answer and one read.
constexpr std::size_t kOutBytesMax = std::size_t{384} << 10;
// Buffers that connections use in turn are released if they have grown beyond this.
constexpr std::size_t kSpareBytesMax = std::size_t{1} << 20;
constexpr Millis kLinger{2'000};  // lets a client read why it was refused
// Statuses for the log, as nginx uses them.
constexpr int kNoResponse = 444;
constexpr int kClientLeft = 499;

}  // namespace

struct HttpService::Conn {
  Stream& stream;
  std::unique_ptr<Parser> parser{};  // null between requests; exists while one is incomplete
  Patience patience{};
  std::unique_ptr<std::string> peer{};  // for the log: a client that has left has no address
  bool open = true;                     // accepts further requests
  bool lingers = false;                 // the client may still be sending
  bool faulty = false;                  // ends at once, on purpose
};

// Tells the client the timeout, so that it does not send a request just as we close.
static std::string keep_alive_lines(Millis idle_timeout) {
  std::string lines = "Connection: keep-alive\r\n";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(idle_timeout).count();
  if (seconds > 0) lines += "Keep-Alive: timeout=" + std::to_string(seconds) + "\r\n";
  return lines;
}

HttpService::HttpService(Loop& loop, const HttpOptions& options)
    : loop_(loop),
      options_(options),
      keep_alive_(keep_alive_lines(options.idle_timeout)),
      parser_(new Parser) {}
HttpService::~HttpService() = default;

// One connection, from its first byte to its last.
Task<> HttpService::handle_conn(Stream stream) {
  Conn conn{stream};
  Tally::add(tally_.connections);
  while (conn.open) {
    if (!conn.parser) stream.set_idle();
    const bool begun = conn.parser && !options_.once;
    const auto data = co_await stream.read(time_left(conn), begun);
    const bool more = data && !data->empty();
    std::optional<Task<>> rest = more ? serve(conn, *data) : take_leave(conn, data.error());
    if (rest) co_await std::move(*rest);
  }
  const bool lingers = !conn.faulty && (conn.lingers || stream.has_unread());
  if (lingers) co_await linger(stream, kLinger);
  Tally::add(tally_.disconnections);
}

Millis HttpService::time_left(Conn& conn) const {
  return conn.patience.left(options_, loop_.now());
}

// --- without waiting ---

// Usually all answers to one read go out with one write.  Otherwise returns a task to await.
std::optional<Task<>> HttpService::serve(Conn& conn, std::string_view input) {
  std::optional<Answer> waiting = answer_ready(conn, input);
  if (flush(conn) && !waiting && input.empty()) return std::nullopt;
  return answer_slowly(conn, std::move(waiting), std::string(input));
}

// Appends answers to out_, up to one that has to be awaited, which it returns.
std::optional<Answer> HttpService::answer_ready(Conn& conn, std::string_view& input) {
  while (conn.open && !input.empty() && out_.size() < kOutBytesMax) {
    Parser& parser = conn.parser ? *conn.parser : *parser_;
    std::optional<Answer> waiting = answer_one(conn, parser, input);
    if (waiting) return waiting;
  }
  if (conn.parser && !conn.parser->begun()) release_parser(conn);
  if (!conn.open) input = {};
  return std::nullopt;
}

// With once, returns false and ends the connection if another request has been taken.
bool HttpService::is_due(Conn& conn) {
  if (!options_.once || !std::exchange(taken_, true)) return true;
  return conn.open = false;
}

std::optional<Answer> HttpService::answer_one(Conn& conn, Parser& parser, std::string_view& input) {
  const bool in_body = parser.in_body();
  std::optional<Response> refused;
  Progress progress = parser.take(input);
  if (progress == Progress::kHead) {
    progress = take_body(conn, parser, input, refused);
  } else if (progress == Progress::kComplete && !in_body) {
    BodyLimit none;
    refused = admit(parser.request(), conn.stream, none);
  }
  if (progress == Progress::kPartial) {
    wait_for_more(conn, parser);
  } else if (!is_due(conn)) {
    return std::nullopt;
  } else if (progress == Progress::kRefused) {
    refuse(conn, parser, parser.refusal());
  } else {
    conn.patience.complete();
    Tally::add(tally_.begun);
    Answer answer = refused ? Answer(std::move(*refused)) : this->answer(parser.request());
    const auto* response = std::get_if<Response>(&answer);
    if (response == nullptr || response->stream || response->latency > Millis::zero()) {
      parser.keep();
      hold_parser(conn);
      return answer;
    }
    put(conn, parser, *response, input.empty());
  }
  return std::nullopt;
}

// The body of a refused request is skipped if it has already arrived, but never awaited.
Progress HttpService::take_body(Conn& conn, Parser& parser, std::string_view& input,
                                std::optional<Response>& refused) {
  BodyLimit limit;
  refused = admit(parser.request(), conn.stream, limit);
  if (!refused) {
    const Progress accepted = parser.accept(limit);
    return accepted == Progress::kRefused ? accepted : parser.take(input);
  }
  if (!parser.skip(input)) refused->close = true;
  return Progress::kComplete;
}

void HttpService::wait_for_more(Conn& conn, Parser& parser) {
  if (parser.begun()) hold_parser(conn);
  conn.patience.partial(parser, options_, loop_.now());
  if (parser.take_continue()) out_.append("HTTP/1.1 100 Continue\r\n\r\n");
}

// A connection that waits for the rest of a request gets its own parser.
void HttpService::hold_parser(Conn& conn) {
  if (conn.parser) return;
  conn.parser = std::exchange(parser_, std::make_unique<Parser>());
}

void HttpService::release_parser(Conn& conn) {
  if (conn.parser->capacity() <= kSpareBytesMax) parser_ = std::move(conn.parser);
  conn.parser.reset();
}

void HttpService::put(Conn& conn, const Parser& parser, const Response& response, bool last) {
  const Request& request = parser.request();
  if (response.fault != Response::kNone) return end_by_fault(conn, request, response.fault);
  const Framing framing = frame(conn, parser, response, last);
  put_head(out_, request, response, framing);
  const std::size_t sent = framing.bodyless ? 0 : response.body.size();
  out_.append(response.body, 0, sent);
  count(request, response.status, sent, conn);
}

void HttpService::end_by_fault(Conn& conn, const Request& request, Response::Fault fault) {
  const struct ::linger reset { .l_onoff = 1, .l_linger = 0 };
  if (fault == Response::kReset) (void)set_option(conn.stream.fd(), SOL_SOCKET, SO_LINGER, reset);
  end_without(conn, request, kNoResponse);
}

void HttpService::end_without(Conn& conn, const Request& request, int status) {
  conn.open = false;
  conn.faulty = true;
  count(request, status, 0, conn);
}

void HttpService::put_head(std::string& out, const Request& request, const Response& response,
                           const Framing& framing) {
  append_head(out, response, framing, date_.line(), keep_alive_);
  decorate(request, out);
  out.append("\r\n", 2);
}

static std::string ip_of(const Stream& conn) {
  const SockAddr peer = SockAddr::peer(conn.fd());
  const bool named = peer.family() == AF_INET || peer.family() == AF_INET6;
  return named ? peer.host() : "";
}

void HttpService::count(const Request& request, int status, std::size_t body_bytes,
                        const Conn& conn) {
  tally_.count(status, body_bytes);
  std::string peer;
  if (options_.logs_peers) peer = conn.peer ? *conn.peer : ip_of(conn.stream);
  answered(request, status, body_bytes, peer);
  if (options_.once && !stopping_)
    kill(getpid(), SIGTERM);  // a second signal would end the process at once
}

// last: nothing of what has arrived comes after this request.
Framing HttpService::frame(Conn& conn, const Parser& parser, const Response& response, bool last) {
  const bool stopping = (stopping_ && last) || options_.once;
  const Framing framing = framing_of(parser.request(), response, stopping || !parser.keep_alive());
  conn.open = conn.open && !framing.close;
  conn.lingers = framing.close && (parser.keep_alive() || response.close);
  return framing;
}

Response HttpService::refusal(const Request&, int status, std::string_view sentence) {
  return error_response(status, sentence);
}

void HttpService::refuse(Conn& conn, const Parser& parser, const Refusal& why) {
  Request request = parser.request();
  request.route = nullptr;  // a refusal must not be stored, even where answers may be
  Response response = refusal(request, why.status, why.sentence);
  response.stream = {};  // it is short, and goes out at once
  response.stream_bytes.reset();
  response.close = true;
  put_head(out_, request, response, framing_of(request, response, true));
  const std::size_t sent = parser.is_head() ? 0 : response.body.size();
  out_.append(response.body, 0, sent);
  Tally::add(tally_.begun);
  count(parser.request(), response.status, sent, conn);
  conn.open = false;
  conn.lingers = true;
}

// Returns true if all of out_ has been written or the client has left.
bool HttpService::flush(Conn& conn) {
  if (out_.empty()) return true;
  const auto written = conn.stream.try_write(out_);
  if (!written) conn.open = false;
  if (written && *written < out_.size()) {
    out_.erase(0, *written);
    return false;
  }
  out_.clear();
  if (out_.capacity() > kSpareBytesMax) out_.shrink_to_fit();
  return true;
}

// Sends an error to a client that stops in the middle of a request.
std::optional<Task<>> HttpService::take_leave(Conn& conn, Error why) {
  const bool late = why == Error(UV_ETIMEDOUT) || loop_.input_ended();
  const bool begun = conn.parser && (late || !why);
  if (begun && is_due(conn))
    refuse(conn, *conn.parser,
           late ? Refusal{408, "The request did not arrive in time."}
                : Refusal{400, "The request is not complete."});
  conn.open = false;
  if (out_.empty()) return std::nullopt;
  return write_out(conn);
}

// --- with waiting ---

// Handles the rest of one read after a request whose answer takes time, or for a client that does
// not read.
Task<> HttpService::answer_slowly(Conn& conn, std::optional<Answer> waiting, std::string rest) {
  std::string_view input = rest;
  for (;;) {
    co_await write_out(conn);
    if (waiting) {
      co_await finish(conn, std::move(*waiting), input.empty());
      waiting.reset();
      if (!input.empty()) co_await yield(loop_);  // other clients and signals have their turn
    } else if (input.empty()) {
      co_return;
    } else {
      std::optional<Answer> next = answer_ready(conn, input);
      if (next) waiting.emplace(std::move(*next));
    }
  }
}

Task<> HttpService::write_out(Conn& conn) {
  if (flush(conn)) co_return;
  const std::string out = std::exchange(out_, {});
  Error e = co_await conn.stream.write(out);
  if (e) conn.open = false;
}

Task<> HttpService::finish(Conn& conn, Answer answer, bool last) {
  if (options_.logs_peers && !conn.peer)
    conn.peer = std::make_unique<std::string>(ip_of(conn.stream));
  if (auto* task = std::get_if<Task<Response>>(&answer)) {
    Response response = co_await std::move(*task);
    answer = std::move(response);
  }
  const Response& response = std::get<Response>(answer);
  Error e;
  if (response.latency > Millis::zero()) e = co_await conn.stream.pause(response.latency);
  if (e)
    end_without(conn, conn.parser->request(), kClientLeft);
  else if (response.stream && response.fault == Response::kNone)
    co_await stream_body(conn, response, last);
  else
    put(conn, *conn.parser, response, last);
  release_parser(conn);
}

namespace {

class StreamedBody final : public Body {
 public:
  // head: sent together with the first piece.
  StreamedBody(Loop& loop, Stream& stream, std::string head, bool chunked)
      : loop_(loop), stream_(stream), before_(std::move(head)), chunked_(chunked) {}
  std::size_t bytes() const { return bytes_; }

  Task<Error> write(std::string_view piece) override {
    if (piece.empty()) co_return Error();  // an empty chunk would end the body
    bytes_ += piece.size();
    char size[24] = "";
    if (chunked_) std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    before_.append(size);
    Error e = co_await stream_.write(before_, piece, chunked_ ? "\r\n" : "");
    before_.clear();
    turn_bytes_ += piece.size();
    if (e || turn_bytes_ < kTurnBytes) co_return e;
    turn_bytes_ = 0;
    co_await yield(loop_);  // if the client accepts all at once, no write waits
    co_return e;
  }

  Task<Error> pause(Millis delay) override {
    Error e = co_await stream_.pause(delay);
    co_return e;
  }

  Task<Error> end() {
    if (chunked_) before_.append("0\r\n\r\n");
    if (before_.empty()) co_return Error();
    Error e = co_await stream_.write(before_);
    co_return e;
  }

 private:
  static constexpr std::size_t kTurnBytes = std::size_t{64} << 10;
  Loop& loop_;
  Stream& stream_;
  std::string before_;  // the next piece
  bool chunked_;
  std::size_t bytes_ = 0;
  std::size_t turn_bytes_ = 0;
};

}  // namespace

Task<> HttpService::stream_body(Conn& conn, const Response& response, bool last) {
  const Request& request = conn.parser->request();
  const Framing framing = frame(conn, *conn.parser, response, last);
  std::string head;
  put_head(head, request, response, framing);
  StreamedBody body(loop_, conn.stream, std::move(head), framing.chunked && !framing.bodyless);
  Error e;
  if (!framing.bodyless) {
    Task<Error> writing = response.stream(body);
    e = co_await std::move(writing);
  }
  if (!e) e = co_await body.end();
  if (e) conn.open = conn.lingers = false;
  count(request, response.status, body.bytes(), conn);
}

}  // namespace net::http
