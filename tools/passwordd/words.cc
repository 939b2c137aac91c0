#include "tools/passwordd/words.h"

#include <algorithm>

#include "common/cli/read_file.h"
#include "common/cli/utf8.h"
#include "tools/passwordd/charset.h"

namespace passwordd {

std::string wrong_with_text(std::string_view text) {
  constexpr std::size_t kBytesMax = 64;
  if (text.size() > kBytesMax) return "has more than 64 bytes";
  while (!text.empty()) {
    char32_t c = 0;
    const std::size_t size = net::decode_utf8(text, c);
    if (size == 0) return "is not UTF-8";
    if (!is_readable(c)) return "has a control, invisible, combining or private-use character";
    text.remove_prefix(size);
  }
  return "";
}

bool Words::parse(std::string_view text, Words& words, std::string& why) {
  constexpr std::string_view kBlanks = " \t\r";
  std::vector<std::string> list;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
    const std::size_t blank = line.find_last_of(kBlanks);
    const std::string_view word = blank == line.npos ? line : line.substr(blank + 1);
    if (word.empty()) continue;
    const std::string wrong = wrong_with_text(word);
    if (!wrong.empty()) return why = "line " + std::to_string(number) + " " + wrong, false;
    list.emplace_back(word);
  }
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
  if (list.size() < 2) return why = "needs at least two different words", false;
  words.words_ = std::move(list);
  words.bytes_max_ = std::ranges::max_element(words.words_, {}, &std::string::size)->size();
  return true;
}

bool Words::load(const std::string& path, Words& words, std::string& why) {
  constexpr std::size_t kBytesMax = 4 << 20;
  const net::Result<std::string> text = net::read_file(path, kBytesMax);
  if (!text) return why = text.error().message(), false;
  return parse(*text, words, why);
}

}  // namespace passwordd
