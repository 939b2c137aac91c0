#include "tools/passwordd/charset.h"

#include <cmath>

#include "common/cli/utf8.h"

namespace passwordd {

static constexpr std::size_t kCharactersMax = 256;  // what one random byte can choose among

struct Named {
  std::string_view name;
  std::string_view characters;
};

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
static constexpr Named kNamed[] = {
    {"alnum", LOWER UPPER DIGITS},
    {"alpha", LOWER UPPER},
    {"digits", DIGITS},
    {"hex", DIGITS "abcdef"},
    {"safe", "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"},  // no 0 O o 1 I i l
};

static std::string_view characters_of(std::string_view text) {
  for (const Named& named : kNamed)
    if (text == named.name) return named.characters;
  return text;
}

std::string Charset::parse(std::string_view text, Charset& out) {
  Charset set;
  for (std::string_view rest = characters_of(text); !rest.empty();) {
    char32_t c = 0;
    const std::size_t size = net::decode_utf8(rest, c);
    if (size == 0) return "is not UTF-8";
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return "has a control character";
    if (set.characters_.find(c) == std::u32string::npos) set.characters_ += c;
    if (set.characters_.size() > kCharactersMax) return "has more than 256 characters";
    rest.remove_prefix(size);
  }
  if (set.characters_.size() < 2) return "needs at least two different characters";
  const std::size_t shares = kCharactersMax / set.characters_.size();
  for (std::size_t byte = 0; byte < shares * set.characters_.size(); ++byte)
    set.of_byte_[byte] = set.characters_[byte % set.characters_.size()];
  out = set;
  return "";
}

double Charset::bits(std::size_t length) const {
  return static_cast<double>(length) * std::log2(static_cast<double>(size()));
}

}  // namespace passwordd
