#include "common/http/parser.h"

#include <algorithm>

#include "common/http/target.h"

namespace net::http {

Parser::Parser(std::uint64_t body_bytes_max)
    : body_bytes_max_(body_bytes_max), gate_(body_bytes_max) {}

const llhttp_settings_t& Parser::settings() {
  static const auto self = [](llhttp_t* llhttp) { return static_cast<Parser*>(llhttp->data); };
  static const llhttp_settings_t all = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
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

// To llhttp, compiled to be strict, a target is ASCII.
llhttp_errno_t Parser::feed_head(std::string_view head, std::string_view target) {
  std::string ascii(target);
  for (char& c : ascii)
    if (static_cast<unsigned char>(c) >= 0x80) c = 'x';
  const std::string_view method(head.data(), target.data());
  for (const std::string_view piece :
       {method, std::string_view(ascii), head.substr(method.size() + target.size())})
    if (const llhttp_errno_t e = llhttp_execute(&llhttp_, piece.data(), piece.size()); e != HPE_OK)
      return e;
  return HPE_OK;
}

// What the gate and llhttp do not see alike is refused.
Refusal Parser::parse_head() {
  const std::string_view head = head_;
  fields_.clear();
  ended_ = false;
  llhttp_init(&llhttp_, HTTP_REQUEST, &settings());
  llhttp_.data = this;
  request_.method = head.substr(0, head.find(' '));
  request_.target = head.substr(request_.method.size() + 1);
  request_.target = request_.target.substr(0, request_.target.find(' '));
  const llhttp_errno_t e = feed_head(head, request_.target);
  if (e != HPE_OK) return refusal_of(e);
  const bool bodyless = gate_.content_length() == 0 && !gate_.chunked();
  if (ended_ != bodyless || fields_.size() != gate_.fields() ||
      (!ended_ && !gate_.chunked() && llhttp_.content_length != gate_.content_length()))
    return {400, "The head of the request is ambiguous."};
  for (Field& field : fields_)
    while (field.value.ends_with(' ') || field.value.ends_with('\t')) field.value.remove_suffix(1);
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

Progress Parser::refuse(const Refusal& refusal) {
  refusal_ = refusal;
  request_ = Request();
  stage_ = kBetween;
  known_ = false;
  return Progress::kRefused;
}

Progress Parser::take(std::string_view& input) {
  if (stage_ == kBetween) begin(input);
  if (stage_ == kHead)
    if (const Progress progress = take_head(input); progress != Progress::kComplete)
      return progress;
  const Progress progress = gate_.chunked() ? take_chunks(input) : take_sized(input);
  if (progress == Progress::kPartial) return progress;
  stage_ = kBetween;
  continue_wanted_ = false;
  return progress;
}

// Most clients ask for the same thing again, in the same words, which then mean the same.
void Parser::begin(std::string_view& input) {
  if (known_ && input.starts_with(head_)) {
    input.remove_prefix(head_.size());
    return begin_body();
  }
  stage_ = kHead;
  gate_ = HeadGate(body_bytes_max_);
  head_.clear();
  known_ = false;
}

void Parser::begin_body() {
  stage_ = kBody;
  body_.clear();
  continue_wanted_ = gate_.expects_continue();
}

Progress Parser::take_head(std::string_view& input) {
  const std::size_t before = head_.size();
  if (before > 0) head_.append(input);
  const std::string_view all = before > 0 ? head_ : input;
  const Progress progress = gate_.check(all);
  if (progress == Progress::kRefused) return refuse(gate_.refusal());
  if (progress == Progress::kPartial) {
    if (before == 0) head_.assign(input);
    if (gate_.begin() == head_.size()) stage_ = kBetween;  // an empty line is no request
    input = {};
    return progress;
  }
  input.remove_prefix(gate_.end() - before);
  head_.assign(all.substr(gate_.begin(), gate_.end() - gate_.begin()));
  if (const Refusal refusal = parse_head()) return refuse(refusal);
  known_ = !gate_.chunked();  // of chunks llhttp has to see the head again
  if (gate_.chunked()) chunks_.emplace(body_bytes_max_);
  begin_body();
  return progress;
}

bool Parser::in_head() const {
  return stage_ == kHead && gate_.begin() < head_.size() && head_[gate_.begin()] != '\r';
}

Progress Parser::take_sized(std::string_view& input) {
  const std::size_t left = gate_.content_length() - body_.size();
  const std::string_view piece = input.substr(0, left);
  input.remove_prefix(piece.size());
  if (body_.empty() && piece.size() == left) {
    request_.body = piece;
    return Progress::kComplete;
  }
  body_.append(piece);
  if (piece.size() < left) return Progress::kPartial;
  request_.body = body_;
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
  request_.body = body_;
  return Progress::kComplete;
}

void Parser::keep() {
  if (request_.body.data() == body_.data()) return;
  body_.assign(request_.body);
  request_.body = body_;
}

}  // namespace net::http
