// http_fuzz: any bytes into the HTTP parser. However they are cut, it must say the same; and what
// it takes, another parser must frame alike, or somebody could smuggle a request past one of the
// two.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/parser.h"
#include "common/http/query.h"
#include "other_parser.h"

namespace {

using net::http::Parser;
using net::http::Progress;

constexpr std::uint64_t kBodyMax = 2000;

struct Message {
  std::size_t begin, end;  // in the input
  std::string facts;       // what a handler sees
  std::string method, target, body;
  bool keep_alive;
  bool comparable;
  friend bool operator==(const Message&, const Message&) = default;
};

struct Outcome {
  std::vector<Message> messages;
  std::string end;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

[[noreturn]] void fail(const char* what, std::string_view bytes) {
  std::fprintf(stderr, "http_fuzz: %s, %zu bytes\n%.*s\n", what, bytes.size(),
               static_cast<int>(bytes.size()), bytes.data());
  std::abort();
}

void must(bool holds, const char* what, std::string_view bytes) {
  if (!holds) fail(what, bytes);
}

std::string facts_of(const net::http::Request& request) {
  std::string facts(request.path);
  facts.append("?").append(request.query);
  for (const net::http::Field& field : request.fields)
    facts.append("\n").append(field.name).append(":").append(field.value);
  return facts + "\n" + std::to_string(request.minor);
}

// The other parser takes Transfer-Encoding-Foo for Transfer-Encoding, and refuses the message.
bool comparable(const net::http::Request& request) {
  constexpr std::string_view kName = "transfer-encoding";
  for (const net::http::Field& field : request.fields)
    if (field.name.size() > kName.size() &&
        net::http::equal_ignoring_case(field.name.substr(0, kName.size()), kName))
      return false;
  return true;
}

// The first piece has `first` bytes, the others `step`.
Outcome parse(std::string_view bytes, std::size_t first, std::size_t step) {
  Parser parser;
  Outcome outcome;
  std::size_t begin = 0;
  for (std::size_t at = 0, size = first; at < bytes.size(); at += size, size = step) {
    const std::string piece(bytes.substr(at, size));  // of its own, so that a view into it shows
    std::string_view input = piece;
    while (!input.empty()) {
      Progress progress = parser.take(input);
      if (progress == Progress::kHead) progress = parser.accept({.bytes_max = kBodyMax});
      if (progress == Progress::kPartial && !input.empty()) progress = parser.take(input);
      if (progress == Progress::kRefused) {
        outcome.end = std::to_string(parser.refusal().status);
        outcome.end += parser.refusal().sentence;
        return outcome;
      }
      if (progress != Progress::kComplete) continue;
      const net::http::Request& request = parser.request();
      const std::size_t end = at + piece.size() - input.size();
      outcome.messages.push_back({begin, end, facts_of(request), std::string(request.method),
                                  std::string(request.target), std::string(request.body),
                                  parser.keep_alive(), comparable(request)});
      begin = end;
    }
  }
  outcome.end = parser.begun() ? "partial" : "between";
  return outcome;
}

// Alone, the message is whole with its last byte and not before.
void compare(std::string_view bytes, const Message& message) {
  const OtherParser early(bytes.substr(0, bytes.size() - 1));
  must(early.taken, "the other parser refuses", bytes);
  must(!early.complete, "the other parser sees an earlier end", bytes);
  const OtherParser other(bytes);
  must(other.taken && other.complete, "the other parser sees no end", bytes);
  must(other.body == message.body, "the other parser sees another body", bytes);
  must(other.target == message.target, "the other parser sees another target", bytes);
  must(other.method == message.method, "the other parser sees another method", bytes);
  must(!message.keep_alive || other.keep_alive, "the other parser sees the last request", bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = parse(bytes, size, 1);
  must(parse(bytes, 1, 1) == whole, "byte by byte is different", bytes);
  const std::size_t cut = size > 0 ? data[size - 1] * size / 256 : 0;
  must(parse(bytes, cut + 1, size + 1) == whole, "in two pieces is different", bytes);
  for (const Message& message : whole.messages) {
    std::string_view one = bytes.substr(message.begin, message.end - message.begin);
    while (one.starts_with("\r\n")) one.remove_prefix(2);
    const bool has_tab = one.find("\t\r\n") != one.npos;  // which it refuses after a length
    if (message.comparable && !has_tab) compare(one, message);
    (void)net::http::Query::parse(message.target);
  }
  return 0;
}
