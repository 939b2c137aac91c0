#include "tools/reverbd/letter_case.h"

#include <clocale>
#include <cwctype>

#include "common/cli/utf8.h"

namespace reverbd {

// Loaded at the start, because later there may be no descriptor left to read it with.
static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});

bool has_letter_case() { return unicode != locale_t{}; }

using Mapping = wint_t (*)(wint_t, locale_t);

static std::string mapped(std::string_view text, Mapping to) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    char32_t c = 0;
    std::size_t size = net::decode_utf8(text, c);
    if (size > 0 && unicode != locale_t{}) {
      net::append_utf8(out, static_cast<char32_t>(to(static_cast<wint_t>(c), unicode)));
    } else {
      size = size == 0 ? 1 : size;
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  return out;
}

std::string to_upper(std::string_view text) { return mapped(text, towupper_l); }
std::string to_lower(std::string_view text) { return mapped(text, towlower_l); }

}  // namespace reverbd
