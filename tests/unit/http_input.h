// http_input.h - bytes for the HTTP parser in memory that ends, or begins, at a forbidden page, and
// what the parser makes of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/parser.h"

namespace net::http {

// A copy of bytes that touches an unreadable page: to read past it is a crash.
class GuardedBytes {
 public:
  enum Side { kGuardBehind, kGuardBefore };
  explicit GuardedBytes(std::string_view bytes, Side side = kGuardBehind);
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  ~GuardedBytes();
  std::string_view view() const { return view_; }

 private:
  char* pages_;
  std::size_t size_;
  std::string_view view_;
};

inline constexpr std::uint64_t kTestBodyMax = 100'000;

// Parser::take, which accepts a body of up to kTestBodyMax.
Progress take(Parser& parser, std::string_view& input);
// One line for each request, then "partial", "end" (of the input, between requests) or the refusal.
// Each piece lies alone between guard pages, and is gone when the next one comes.
std::string transcript(const std::vector<std::string_view>& pieces);
std::string transcript(std::string_view bytes);
std::string transcript_of_pieces(std::string_view bytes, std::size_t size);

}  // namespace net::http
