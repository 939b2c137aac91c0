#include "common/http/parser.h"

#include <algorithm>

#include "common/http/target.h"

namespace net::http {

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
      llhttp->upgrade = 0;  // ignore upgrades: what follows is HTTP/1.1
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
  if (e == HPE_INVALID_METHOD || e == HPE_INVALID_CONSTANT) return {501, "The method is unknown."};
  return {400, "The head of the request is malformed."};
}

// Feeds llhttp a target in ASCII, because in strict mode it accepts nothing else.
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

// Parses the head; refuses it if the gate and llhttp disagree.
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
  take_fields();
  request_.minor = llhttp_.http_minor;
  return take_target();
}

void Parser::take_fields() {
  request_.host = {};
  request_.encoded = false;
  for (Field& field : fields_) {
    while (field.value.ends_with(' ')) field.value.remove_suffix(1);
    if (equal_ignoring_case(field.name, "Host")) request_.host = field.value;
    if (equal_ignoring_case(field.name, "Content-Encoding"))
      request_.encoded = request_.encoded || !equal_ignoring_case(field.value, "identity");
  }
  request_.fields = fields_;
}

Refusal Parser::take_target() {
  if (request_.method == "CONNECT") return {501, "This server is not a proxy."};
  Target target;
  if (!parse_target(request_.method, request_.target, target))
    return {400, "The target of the request is malformed."};
  request_.path = target.path;
  request_.query = target.query;
  if (!target.host.empty()) request_.host = target.host;  // RFC 9112, 3.2.2
  if (is_canonical(target.path)) return {};
  path_ = canonical_path(target.path);
  request_.path = path_;
  return {};
}

// Replaces tabs around values, because llhttp accepts only spaces around a Content-Length.
static void blank_tabs(std::string& head) {
  if (head.find('\t') == head.npos) return;
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  for (std::size_t line = head.find('\n'); line != head.npos;) {
    const std::size_t end = head.find('\r', line);
    if (end == head.npos) return;
    std::size_t at = std::min(head.find(':', line), end);
    for (; at + 1 < end && is_blank(head[at + 1]); ++at) head[at + 1] = ' ';
    for (std::size_t back = end; back > at + 1 && is_blank(head[back - 1]); --back)
      head[back - 1] = ' ';
    line = end + 1;
  }
}

Progress Parser::refuse(const Refusal& refusal) {
  refusal_ = refusal;
  if (stage_ == kHead) request_ = Request();
  stage_ = kBetween;
  known_ = false;
  return Progress::kRefused;
}

Progress Parser::take(std::string_view& input) {
  if (stage_ == kBetween) begin(input);
  if (stage_ == kHead)
    if (const Progress progress = take_head(input); progress != Progress::kComplete)
      return progress;
  if (stage_ == kHeadDone) {
    body_.clear();
    body_bytes_ = 0;
    request_.body = {};
    if (has_body()) return Progress::kHead;
  }
  const Progress progress = gate_.chunked() ? take_chunks(input) : take_sized(input);
  if (progress == Progress::kPartial) return progress;
  stage_ = kBetween;
  continue_wanted_ = false;
  return progress;
}

// Most clients repeat the same head; it then has the same meaning, and is not parsed again.
void Parser::begin(std::string_view& input) {
  if (known_ && input.starts_with(head_)) {
    input.remove_prefix(head_.size());
    stage_ = kHeadDone;
    return;
  }
  stage_ = kHead;
  gate_ = HeadGate();
  head_.clear();
  request_ = Request();
  known_ = false;
}

Progress Parser::accept(const BodyLimit& limit) {
  CHECK(stage_ == kHeadDone);
  if (gate_.content_length() > limit.bytes_max)
    return refuse({413, "The body of the request is too large."});
  if (gate_.chunked()) chunks_.emplace(limit.bytes_max);
  keep_body_ = limit.keep;
  stage_ = kBody;
  continue_wanted_ = gate_.expects_continue();
  return Progress::kPartial;
}

bool Parser::skip(std::string_view& input) {
  CHECK(stage_ == kHeadDone);
  stage_ = kBetween;
  request_.body = {};
  if (gate_.chunked() || gate_.content_length() > input.size()) return known_ = false;
  input.remove_prefix(static_cast<std::size_t>(gate_.content_length()));
  return true;
}

bool Parser::is_head() const {
  const std::size_t first = std::min(head_.find_first_not_of("\r\n"), head_.size());
  return std::string_view(head_).substr(first).starts_with("HEAD ");
}

Progress Parser::take_head(std::string_view& input) {
  const std::size_t before = head_.size();
  if (before > 0) head_.append(input);
  const std::string_view all = before > 0 ? head_ : input;
  const Progress progress = gate_.check(all);
  if (progress == Progress::kRefused) {
    if (before == 0) head_.assign(input.substr(gate_.begin(), 8));
    return refuse(gate_.refusal());
  }
  if (progress == Progress::kPartial) {
    if (before == 0) head_.assign(input);
    if (gate_.begin() == head_.size()) stage_ = kBetween;  // an empty line is not a request
    input = {};
    return progress;
  }
  input.remove_prefix(gate_.end() - before);
  head_.assign(all.substr(gate_.begin(), gate_.end() - gate_.begin()));
  blank_tabs(head_);
  if (const Refusal refusal = parse_head()) return refuse(refusal);
  known_ = true;
  stage_ = kHeadDone;
  return progress;
}

bool Parser::in_head() const {
  return stage_ == kHead && gate_.begin() < head_.size() && head_[gate_.begin()] != '\r';
}

Progress Parser::take_sized(std::string_view& input) {
  const std::uint64_t left = gate_.content_length() - body_bytes_;
  const std::string_view piece =
      input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, input.size())));
  input.remove_prefix(piece.size());
  body_bytes_ += piece.size();
  if (piece.size() == gate_.content_length()) {
    request_.body = piece;
    return Progress::kComplete;
  }
  if (keep_body_) body_.append(piece);
  if (body_bytes_ < gate_.content_length()) return Progress::kPartial;
  request_.body = body_;
  return Progress::kComplete;
}

Progress Parser::take_chunks(std::string_view& input) {
  for (;;) {
    std::string_view piece;
    const Progress progress = chunks_->next(input, piece);
    if (progress == Progress::kRefused) return refuse(chunks_->refusal());
    if (keep_body_) body_.append(piece);
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

bool is_method(std::string_view name) {
  const std::string head = std::string(name) + " / HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string_view input = head;
  return Parser().take(input) != Progress::kRefused;
}

}  // namespace net::http
