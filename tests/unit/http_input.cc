#include "http_input.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace net::http {

GuardedBytes::GuardedBytes(std::string_view bytes, Side side) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t room = (bytes.size() / page + 1) * page;
  size_ = room + 2 * page;
  void* const pages = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) std::abort();
  pages_ = static_cast<char*>(pages);
  if (mprotect(pages_ + page, room, PROT_READ | PROT_WRITE) != 0) std::abort();
  char* const begin = side == kGuardBefore ? pages_ + page : pages_ + page + room - bytes.size();
  std::memcpy(begin, bytes.data(), bytes.size());
  view_ = {begin, bytes.size()};
}

GuardedBytes::~GuardedBytes() { munmap(pages_, size_); }

static std::string line_of(const Parser& parser) {
  const Request& request = parser.request();
  std::string line(request.method);
  line.append(" ").append(request.path).append("?").append(request.query);
  line += " 1." + std::to_string(request.minor) + (parser.keep_alive() ? " keep" : " close");
  for (const Field& field : request.fields)
    line.append(" ").append(field.name).append("=[").append(field.value).append("]");
  return line.append(" {").append(request.body).append("}\n");
}

Progress take(Parser& parser, std::string_view& input) {
  const Progress progress = parser.take(input);
  if (progress != Progress::kHead) return progress;
  const Progress accepted = parser.accept({.bytes_max = kTestBodyMax});
  return accepted == Progress::kPartial ? parser.take(input) : accepted;
}

static bool feed(Parser& parser, std::string_view piece, GuardedBytes::Side side,
                 std::string& lines) {
  const GuardedBytes bytes(piece, side);
  std::string_view input = bytes.view();
  while (!input.empty()) {
    const Progress progress = take(parser, input);
    if (progress == Progress::kRefused) {
      lines += std::to_string(parser.refusal().status) + " ";
      lines.append(parser.refusal().sentence);
      return false;
    }
    if (progress == Progress::kComplete) lines += line_of(parser);
    if (progress == Progress::kPartial && !input.empty()) lines += "input left! ";
  }
  return true;
}

static std::string transcript(const std::vector<std::string_view>& pieces,
                              GuardedBytes::Side side) {
  Parser parser;
  std::string lines;
  for (const std::string_view piece : pieces)
    if (!feed(parser, piece, side, lines)) return lines;
  return lines + (parser.begun() ? "partial" : "end");
}

std::string transcript(const std::vector<std::string_view>& pieces) {
  std::string behind = transcript(pieces, GuardedBytes::kGuardBehind);
  const std::string before = transcript(pieces, GuardedBytes::kGuardBefore);
  return behind == before ? behind : "differs with the place: " + before;
}

std::string transcript(std::string_view bytes) { return transcript(std::vector{bytes}); }

std::string transcript_of_pieces(std::string_view bytes, std::size_t size) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += size) pieces.push_back(bytes.substr(at, size));
  return transcript(pieces);
}

}  // namespace net::http
