#include "common/http_parser.h"

#include <algorithm>

#include "common/http_target.h"

namespace net::http {

Parser::Parser(std::uint64_t body_bytes_max)
    : body_bytes_max_(body_bytes_max), gate_(body_bytes_max) {}

const llhttp_settings_t& Parser::settings() {
  static const auto self = [](llhttp_t* llhttp) { return static_cast<Parser*>(llhttp->data); };
  static const llhttp_settings_t all = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = [](llhttp_t* llhttp, const char* at, std::size_t size) {
      self(llhttp)->request_.target = {at, size};
      return 0;
    };
    s.on_header_field = [](llhttp_t* llhttp, const char* at, std::size_t size) {
      self(llhttp)->fields_.push_back({{at, size}, {}});
      return 0;
    };
    s.on_header_value = [](llhttp_t* llhttp, const char* at, std::size_t size) {
      self(llhttp)->fields_.back().value = {at, size};
      return 0;
    };
    s.on_headers_complete = [](llhttp_t* llhttp) {
      Parser& parser = *self(llhttp);
      parser.keep_alive_ =
          llhttp_should_keep_alive(llhttp) != 0 && (llhttp->flags & F_CONNECTION_CLOSE) == 0;
      llhttp->upgrade = 0;  // to nothing: what follows is HTTP/1.1
      return 0;
    };
    s.on_body = [](llhttp_t* llhttp, const char* at, std::size_t size) {
      self(llhttp)->body_.append(at, size);
      return 0;
    };
    s.on_message_complete = [](llhttp_t* llhttp) {
      self(llhttp)->ended_ = true;
      return 0;
    };
    return s;
  }();
  return all;
}

static Refusal refusal_of(llhttp_errno_t e) {
  if (e == HPE_INVALID_METHOD || e == HPE_INVALID_CONSTANT)
    return {501, "This server does not know the method."};
  return {400, "The head of the request is malformed."};
}

// What the gate and llhttp do not see alike is refused.
Refusal Parser::parse_head(std::string_view head) {
  fields_.clear();
  ended_ = false;
  llhttp_init(&llhttp_, HTTP_REQUEST, &settings());
  llhttp_.data = this;
  const llhttp_errno_t e = llhttp_execute(&llhttp_, head.data(), head.size());
  if (e != HPE_OK) return refusal_of(e);
  const bool bodyless = gate_.content_length() == 0 && !gate_.chunked();
  if (ended_ != bodyless || fields_.size() != gate_.fields() ||
      (!ended_ && !gate_.chunked() && llhttp_.content_length != gate_.content_length()))
    return {400, "The head of the request is ambiguous."};
  for (Field& field : fields_)
    while (field.value.ends_with(' ') || field.value.ends_with('\t')) field.value.remove_suffix(1);
  request_.method = head.substr(0, head.find(' '));
  request_.fields = fields_;
  request_.minor = llhttp_.http_minor;
  if (request_.method == "CONNECT") return {501, "This server is no proxy."};
  Target target;
  if (!parse_target(request_.method, request_.target, target))
    return {400, "The target of the request is malformed."};
  request_.path = target.path;
  request_.query = target.query;
  return {};
}

void Parser::reset() {
  gate_ = HeadGate(body_bytes_max_);
  chunks_.reset();
  held_.clear();
  body_.clear();
  request_ = Request();
  body_begun_ = done_ = continue_wanted_ = false;
}

Progress Parser::refuse(const Refusal& refusal) {
  refusal_ = refusal;
  request_ = Request();
  done_ = true;
  return Progress::kRefused;
}

Progress Parser::take(std::string_view& input) {
  if (done_) reset();
  Progress progress = body_begun_ ? Progress::kComplete : take_head(input);
  if (progress == Progress::kComplete && !done_) progress = take_body(input);
  if (progress == Progress::kComplete) done_ = true;
  return progress;
}

Progress Parser::take_head(std::string_view& input) {
  const std::size_t before = held_.size();
  if (before > 0) held_.append(input);
  const std::string_view all = before > 0 ? held_ : input;
  const Progress progress = gate_.check(all);
  if (progress == Progress::kRefused) return refuse(gate_.refusal());
  if (progress == Progress::kPartial) {
    if (gate_.begin() == all.size())
      reset();  // an empty line is no request
    else if (before == 0)
      held_.assign(input);
    input = {};
    return progress;
  }
  head_bytes_ = gate_.end() - gate_.begin();
  if (before == 0 && !gate_.chunked() && input.size() - gate_.end() >= gate_.content_length()) {
    message_ = input.substr(gate_.begin(), head_bytes_ + gate_.content_length());
    input.remove_prefix(gate_.end() + gate_.content_length());
    const Refusal refusal = parse_head(message_.substr(0, head_bytes_));
    if (refusal) return refuse(refusal);
    request_.body = message_.substr(head_bytes_);
    done_ = true;
    return progress;
  }
  input.remove_prefix(gate_.end() - before);
  held_.assign(all.substr(gate_.begin(), head_bytes_));
  const Refusal refusal = parse_head(held_);
  if (refusal) return refuse(refusal);
  body_begun_ = true;
  continue_wanted_ = gate_.expects_continue();
  if (gate_.chunked()) chunks_.emplace(body_bytes_max_);
  return progress;
}

Progress Parser::take_body(std::string_view& input) {
  if (chunks_) return take_chunks(input);
  const std::size_t left = head_bytes_ + gate_.content_length() - held_.size();
  held_.append(input.substr(0, left));
  input.remove_prefix(std::min(left, input.size()));
  if (held_.size() < head_bytes_ + gate_.content_length()) return Progress::kPartial;
  message_ = held_;
  if (request_.method.data() != held_.data()) {
    const Refusal again = parse_head(message_.substr(0, head_bytes_));
    CHECK(!again);
  }
  request_.body = message_.substr(head_bytes_);
  return Progress::kComplete;
}

Progress Parser::take_chunks(std::string_view& input) {
  for (;;) {
    std::string_view piece;
    const Progress progress = chunks_->next(input, piece);
    if (progress == Progress::kRefused) return refuse(chunks_->refusal());
    const bool taken =
        piece.empty() || llhttp_execute(&llhttp_, piece.data(), piece.size()) == HPE_OK;
    if (!taken || ended_ != (progress == Progress::kComplete))
      return refuse({400, "The chunked body of the request is malformed."});
    if (progress == Progress::kComplete) break;
    if (input.empty()) return progress;
  }
  message_ = held_;
  request_.body = body_;
  return Progress::kComplete;
}

void Parser::keep() {
  if (message_.data() == held_.data()) return;
  held_.assign(message_);
  message_ = held_;
  const Refusal again = parse_head(message_.substr(0, head_bytes_));
  CHECK(!again);
  if (!chunks_) request_.body = message_.substr(head_bytes_);
}

}  // namespace net::http
