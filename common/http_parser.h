// http_parser.h - requests out of bytes: the gate, then llhttp.  Pure.
#pragma once

#include <llhttp.h>

#include <optional>
#include <string>
#include <vector>

#include "common/http_chunks.h"
#include "common/http_gate.h"
#include "common/http_message.h"

namespace net::http {

class Parser {
 public:
  explicit Parser(std::uint64_t body_bytes_max);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Takes the next bytes of the connection off the front of `input`.  kComplete: request() is
  // there, and input is what follows it; the next call begins the next request.  kPartial: input is
  // empty. kRefused: nothing that follows has a meaning.
  Progress take(std::string_view& input);

  // It refers to the input or to the parser, until the next take().
  const Request& request() const { return request_; }
  bool keep_alive() const { return keep_alive_; }
  const Refusal& refusal() const { return refusal_; }
  // The request refers to the parser alone from now on.
  void keep();

  bool begun() const { return !done_ && !held_.empty(); }  // a part of a request has been taken
  bool in_head() const { return !body_begun_; }
  std::size_t capacity() const { return held_.capacity() + body_.capacity(); }  // in bytes
  // Once for each request: the client waits for a 100 before it sends the body.
  bool take_continue() { return std::exchange(continue_wanted_, false); }

 private:
  Progress take_head(std::string_view& input);
  Progress take_body(std::string_view& input);
  Progress take_chunks(std::string_view& input);
  Progress refuse(const Refusal& refusal);
  void reset();
  Refusal parse_head(std::string_view head);
  static const llhttp_settings_t& settings();

  std::uint64_t body_bytes_max_;
  HeadGate gate_;
  std::optional<ChunkGate> chunks_;
  llhttp_t llhttp_;
  std::vector<Field> fields_;
  std::string held_;  // the request so far, if it did not come at once; without a chunked body
  std::string body_;  // the chunks' bytes
  std::string_view message_;  // all of the last request, but for chunks
  std::size_t head_bytes_ = 0;
  Request request_;
  Refusal refusal_;
  bool body_begun_ = false;
  bool done_ = false;  // the last call has returned a request or a refusal
  bool continue_wanted_ = false;
  bool ended_ = false;  // llhttp has seen the end of the message
  bool keep_alive_ = false;
};

}  // namespace net::http
