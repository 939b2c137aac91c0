// parser.h - requests out of bytes: the gate, then llhttp.  Pure.
#pragma once

#include <llhttp.h>

#include <optional>
#include <string>
#include <vector>

#include "common/http/chunks.h"
#include "common/http/gate.h"
#include "common/http/message.h"

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

  // It refers to the parser, its body perhaps to the input, until the next take().
  const Request& request() const { return request_; }
  bool keep_alive() const { return keep_alive_; }
  const Refusal& refusal() const { return refusal_; }
  // The body too refers to the parser from now on.
  void keep();

  bool begun() const { return stage_ != kBetween; }  // a part of a request has been taken
  bool in_head() const;  // of a request, and not in an empty line before it
  bool in_body() const { return stage_ == kBody; }
  std::size_t capacity() const { return head_.capacity() + body_.capacity(); }  // in bytes
  // Once for each request: the client waits for a 100 before it sends the body.
  bool take_continue() { return std::exchange(continue_wanted_, false); }

 private:
  enum Stage { kBetween, kHead, kBody };
  void begin(std::string_view& input);
  void begin_body();
  Progress take_head(std::string_view& input);
  Progress take_sized(std::string_view& input);
  Progress take_chunks(std::string_view& input);
  Progress refuse(const Refusal& refusal);
  Refusal parse_head();
  llhttp_errno_t feed_head(std::string_view head, std::string_view target);
  static const llhttp_settings_t& settings();

  std::uint64_t body_bytes_max_;
  Stage stage_ = kBetween;
  HeadGate gate_;
  std::optional<ChunkGate> chunks_;
  llhttp_t llhttp_;
  std::vector<Field> fields_;
  std::string head_;  // as far as it has come; between requests that of the last one
  std::string body_;  // what has come of it, if it did not come at once
  Request request_;
  Refusal refusal_;
  bool known_ = false;  // head_ is whole, and what it means is in request_ and gate_
  bool continue_wanted_ = false;
  bool ended_ = false;  // llhttp has seen the end of the message
  bool keep_alive_ = false;
};

}  // namespace net::http
