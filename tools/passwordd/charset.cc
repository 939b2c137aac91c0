#include "tools/passwordd/charset.h"

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cwchar>
#include <cwctype>

#include "common/cli/utf8.h"

namespace passwordd {

static constexpr std::size_t kCharactersMax = 256;  // one random byte chooses a character

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

// Loaded at the start, because later there may be no descriptor left to read it with.
static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});

unsigned class_of(char32_t c) {
  if (c >= '0' && c <= '9') return kDigit;
  if (c >= 'a' && c <= 'z') return kLower;
  if (c >= 'A' && c <= 'Z') return kUpper;
  if (c < 0x80 || unicode == locale_t{}) return kSymbol;
  const auto wide = static_cast<wint_t>(c);
  if (iswlower_l(wide, unicode) != 0) return kLower;
  return iswupper_l(wide, unicode) != 0 ? kUpper : kSymbol;
}

std::string parse_classes(std::string_view text, unsigned& mask) {
  static constexpr std::pair<std::string_view, Class> kClasses[] = {
      {"lower", kLower}, {"upper", kUpper}, {"digit", kDigit}, {"symbol", kSymbol}};
  unsigned all = 0;
  for (std::string_view rest = text;;) {
    const std::string_view name = rest.substr(0, rest.find(','));
    const auto* found =
        std::ranges::find(kClasses, name, &std::pair<std::string_view, Class>::first);
    if (found == std::end(kClasses))
      return "'" + std::string(name) + "' is not a class (use lower, upper, digit or symbol)";
    all |= found->second;
    if (name.size() == rest.size()) break;
    rest.remove_prefix(name.size() + 1);
  }
  mask = all;
  return "";
}

static bool is_private(char32_t c) { return (c >= 0xE000 && c <= 0xF8FF) || c >= 0xF0000; }

bool is_readable(char32_t c) {
  static const wctype_t combining = unicode != locale_t{} ? wctype_l("combining", unicode) : 0;
  constexpr std::u32string_view kInvisible = U"\u00AD\u115F\u1160\u2800\u3164\uFFA0";
  if (c < 0x7f) return c >= 0x20;
  if (unicode == locale_t{}) return false;  // the locale is not installed, so nothing is known
  if (is_private(c) || iswctype_l(static_cast<wint_t>(c), combining, unicode) != 0) return false;
  const auto wide = static_cast<wchar_t>(c);
  const locale_t before = uselocale(unicode);
  const int columns = wcwidth(wide);  // 0: combining; -1: not printable
  uselocale(before);
  return columns > 0 && iswspace_l(static_cast<wint_t>(c), unicode) == 0 && c != 0xA0 &&
         c != 0x2007 && c != 0x202F && kInvisible.find(c) == kInvisible.npos;
}

std::string Charset::parse_name(std::string_view text, Charset& out) {
  for (const Named& named : kNamed) {
    const auto same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b | 0x20 : b); };
    if (std::ranges::equal(named.name, text, same)) return parse_characters(named.characters, out);
  }
  return "'" + std::string(text) +
         "' is not a set (use alnum, alpha, digits, hex or safe; for literal characters, chars)";
}

std::string Charset::parse_characters(std::string_view text, Charset& out) {
  Charset set;
  while (!text.empty()) {
    char32_t c = 0;
    const std::size_t size = net::decode_utf8(text, c);
    if (size == 0) return "is not UTF-8";
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return "has a control character";
    if (!is_readable(c)) return "has an invisible, combining or private-use character";
    if (set.characters_.find(c) != std::u32string::npos)
      return "has '" + std::string(text.substr(0, size)) + "' twice";
    set.characters_ += c;
    if (set.characters_.size() > kCharactersMax) return "has more than 256 characters";
    text.remove_prefix(size);
  }
  if (set.characters_.size() < 2) return "needs at least two different characters";
  const std::size_t shares = kCharactersMax / set.characters_.size();
  for (std::size_t byte = 0; byte < shares * set.characters_.size(); ++byte)
    set.of_byte_[byte] = set.characters_[byte % set.characters_.size()];
  out = set;
  return "";
}

// By inclusion and exclusion: all passwords, minus those that lack one class, plus those that lack
// two, and so on.
double Charset::share_with(unsigned classes, std::size_t length) const {
  double share = 0;
  for (unsigned missing = 0; missing <= classes; ++missing) {
    if ((missing & ~classes) != 0) continue;
    const auto left = std::ranges::count_if(
        characters_, [missing](char32_t c) { return (class_of(c) & missing) == 0; });
    const double part = std::pow(static_cast<double>(left) / static_cast<double>(size()),
                                 static_cast<double>(length));
    share += __builtin_popcount(missing) % 2 == 0 ? part : -part;
  }
  return share;
}

double Charset::bits(std::size_t length, unsigned classes) const {
  const double all = static_cast<double>(length) * std::log2(static_cast<double>(size()));
  return classes == 0 ? all : all + std::log2(share_with(classes, length));
}

}  // namespace passwordd
