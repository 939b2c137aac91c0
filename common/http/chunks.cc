#include "common/http/chunks.h"

#include <algorithm>

#include "common/cli/hex.h"
#include "common/http/message.h"

namespace net::http {

static constexpr std::size_t kSizeDigitsMax = 15;  // RFC 9112, 7.1: anticipate overflow
static constexpr Refusal kMalformedBody{400, "The chunked body of the request is malformed."};
static constexpr Refusal kTooMuch{431, "The request has too many chunk extensions or trailers."};

Progress ChunkGate::take_line(std::string_view& input, std::string_view& line) {
  const std::size_t newline = input.find('\n');
  const std::size_t size = newline == std::string_view::npos ? input.size() : newline + 1;
  std::string_view text = input.substr(0, size);
  input.remove_prefix(size);
  if (!line_.empty() || newline == std::string_view::npos) text = line_.append(text);
  const Progress progress = lines_.next(text, line);
  const bool too_much = lines_.too_long() && stage_ != kDataEnd;
  if (progress == Progress::kRefused) refusal_ = too_much ? kTooMuch : kMalformedBody;
  if (progress == Progress::kComplete) lines_ = Lines(kHeadBytesMax);
  return progress;
}

Progress ChunkGate::next(std::string_view& input, std::string_view& piece) {
  piece = {};
  if (stage_ == kData) {
    const auto size = std::min<std::uint64_t>(chunk_left_, input.size());
    piece = input.substr(0, static_cast<std::size_t>(size));
    input.remove_prefix(piece.size());
    chunk_left_ -= piece.size();
    if (chunk_left_ == 0) {
      stage_ = kDataEnd;
      lines_.limit(1);  // only the line end may follow
    }
    return Progress::kPartial;
  }
  std::string_view line;
  if (const Progress progress = take_line(input, line); progress != Progress::kComplete)
    return progress;
  const bool last = stage_ == kTrailers && line.empty();
  if (stage_ == kSize) {
    refusal_ = check_size(line);
  } else if (stage_ == kDataEnd) {
    refusal_ = line.empty() ? Refusal() : kMalformedBody;
    stage_ = kSize;
  } else if (!last) {
    refusal_ = check_trailer(line);
  }
  line_.clear();
  if (refusal_) return Progress::kRefused;
  return last ? Progress::kComplete : Progress::kPartial;
}

Refusal ChunkGate::spend(std::size_t bytes) {
  if (bytes > extra_left_) return kTooMuch;
  extra_left_ -= bytes;
  return {};
}

static void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

// Removes a quoted string (RFC 9110, 5.6.4) from the front of `text`, which must not contain
// control bytes.
static bool take_quoted(std::string_view& text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return text.remove_prefix(i + 1), true;
  }
  return false;
}

// *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )  (RFC 9112, 7.1.1)
static bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    skip_blanks(text);
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!take_token(text)) return false;
    std::string_view rest = text;
    skip_blanks(rest);
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    skip_blanks(rest);
    if (rest.starts_with('"') ? !take_quoted(rest) : !take_token(rest)) return false;
    text = rest;
  }
  return true;
}

Refusal ChunkGate::check_size(std::string_view line) {
  const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
  if (digits.empty() || digits.size() > kSizeDigitsMax) return kMalformedBody;
  std::uint64_t size = 0;
  for (const char c : digits) {
    if (hex_digit(c) < 0) return kMalformedBody;
    size = size << 4 | static_cast<unsigned>(hex_digit(c));
  }
  if (!are_extensions(line.substr(digits.size()))) return kMalformedBody;
  if (size > body_left_) return {413, "The body of the request is too large."};
  body_left_ -= size;
  chunk_left_ = size;
  stage_ = size > 0 ? kData : kTrailers;
  return spend(line.size() - digits.size());
}

// Refuses trailer fields that frame or route a message, or end a connection: they would come too
// late (RFC 9110, 6.5.1).
Refusal ChunkGate::check_trailer(std::string_view line) {
  std::string_view name, value;
  if (!split_field(line, name, value)) return {400, "A trailer of the request is malformed."};
  for (const std::string_view framing :
       {"content-length", "transfer-encoding", "host", "connection"})
    if (equal_ignoring_case(name, framing))
      return {400, "The request has a trailer that is not allowed."};
  return ++fields_ > kFieldsMax ? kTooMuch : spend(line.size());
}

}  // namespace net::http
