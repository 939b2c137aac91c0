// parser.h - requests out of bytes: the gate, then llhttp for the head.  Pure.
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

  // Takes the next bytes of the connection off the front of `input`.  kHead: request() is there
  // but for its body, and accept() or skip() comes next.  kComplete: request() is there, and input
  // is what follows it; the next call begins the next request.  kPartial: input is empty.
  // kRefused: what follows cannot be interpreted.
  Progress take(std::string_view& input);
  // The body is read if it is within the limit: kPartial, or else kRefused.
  Progress accept(const BodyLimit& limit);
  // The body is not looked at.  False: it is not all in `input`, so nothing that follows has a
  // meaning.
  bool skip(std::string_view& input);

  // It refers to the parser, its body perhaps to the input, until the next take().  Empty until the
  // head is whole, and when that is refused.
  const Request& request() const { return request_; }
  Request& request() { return request_; }
  bool has_body() const { return gate_.has_body(); }
  bool keep_alive() const { return keep_alive_; }
  const Refusal& refusal() const { return refusal_; }
  bool is_head() const;  // the method is HEAD, also of a request that is refused or not complete
  // The body too refers to the parser from now on.
  void keep();

  bool begun() const { return stage_ != kBetween; }  // a part of a request has been taken
  bool in_head() const;  // of a request, and not in an empty line before it
  bool in_body() const { return stage_ == kBody; }
  std::size_t capacity() const { return head_.capacity() + body_.capacity(); }  // in bytes
  // Once for each request: the client waits for a 100 before it sends the body.
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
  std::string head_;  // as far as it has come; between requests that of the last one
  std::string path_;  // of the target, where it is not canonical as sent
  std::string body_;  // what has come of it, if it did not come at once
  Request request_;
  Refusal refusal_;
  std::uint64_t body_bytes_ = 0;  // have come of it
  bool keep_body_ = true;
  bool known_ = false;  // head_ is whole, and what it means is in request_ and gate_
  bool continue_wanted_ = false;
  bool ended_ = false;  // llhttp has seen the end of the message
  bool keep_alive_ = false;
};

// Whether requests can have this method; CONNECT is for proxies.
bool is_method(std::string_view name);

}  // namespace net::http
