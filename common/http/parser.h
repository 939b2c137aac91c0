// parser.h - parses bytes into requests: the gate, then llhttp for the head.  Pure.
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
  Parser() = default;
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Consumes bytes of the connection from the front of `input`.  kHead: request() is complete
  // except for its body; call accept() or skip() next.  kComplete: request() is complete, and
  // `input` is what follows it; the next call begins the next request.  kPartial: all input was
  // consumed. kRefused: what follows cannot be interpreted.
  Progress take(std::string_view& input);
  // Accepts the body: kPartial if it is within the limit, otherwise kRefused.
  Progress accept(const BodyLimit& limit);
  // Skips the body without checking it.  Returns false if it is not all in `input`; then nothing
  // that follows can be interpreted.
  bool skip(std::string_view& input);

  // Valid until the next take(); refers to the parser, and its body possibly to the input.  Empty
  // until the head is complete, and if the head is refused.
  const Request& request() const { return request_; }
  Request& request() { return request_; }
  bool has_body() const { return gate_.has_body(); }
  bool keep_alive() const { return keep_alive_; }
  const Refusal& refusal() const { return refusal_; }
  bool is_head() const;  // the method is HEAD, even if the request is refused or incomplete
  // Makes the body refer to the parser, too.
  void keep();

  bool begun() const { return stage_ != kBetween; }  // part of a request has been consumed
  bool in_head() const;  // in a head, and not in an empty line before it
  bool in_body() const { return stage_ == kBody; }
  std::size_t capacity() const { return head_.capacity() + body_.capacity(); }  // in bytes
  // True once per request, if the client waits for a 100 before it sends the body.
  bool take_continue() { return std::exchange(continue_wanted_, false); }

 private:
  enum Stage { kBetween, kHead, kHeadDone, kBody };
  void begin(std::string_view& input);
  Progress take_head(std::string_view& input);
  Progress take_sized(std::string_view& input);
  Progress take_chunks(std::string_view& input);
  Progress refuse(const Refusal& refusal);
  Refusal parse_head();
  llhttp_errno_t feed_head(std::string_view head, std::string_view target);
  Refusal take_target();
  void take_fields();
  static const llhttp_settings_t& settings();

  Stage stage_ = kBetween;
  HeadGate gate_;
  std::optional<ChunkGate> chunks_;
  llhttp_t llhttp_;
  std::vector<Field> fields_;
  std::string head_;  // the head so far; between requests, the last one
  std::string path_;  // canonical path, if the target's is not
  std::string body_;  // the body so far, unless it arrived at once
  Request request_;
  Refusal refusal_;
  std::uint64_t body_bytes_ = 0;  // the length of the body so far
  bool keep_body_ = true;
  bool known_ = false;  // head_ is complete, and request_ and gate_ have its meaning
  bool continue_wanted_ = false;
  bool ended_ = false;  // llhttp has seen the end of the message
  bool keep_alive_ = false;
};

// Whether requests can have this method; CONNECT cannot, because it is for proxies.
bool is_method(std::string_view name);

}  // namespace net::http
