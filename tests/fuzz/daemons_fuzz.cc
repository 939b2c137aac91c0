// daemons_fuzz: any bytes as clockd's format, reverbd's text and what passwordd is asked for: the
// first one chooses.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "common/http/query.h"
#include "tools/clockd/time_format.h"
#include "tools/passwordd/charset.h"
#include "tools/passwordd/order.h"
#include "tools/reverbd/letter_case.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void try_format(std::string_view text) {
  clockd::TimeFormat format;
  if (!clockd::TimeFormat::parse(text, format).empty()) return;
  for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{1'700'000'000}}) {
    const clockd::Time time{std::chrono::seconds(seconds) + std::chrono::nanoseconds(1'002'003)};
    require(format.line(time).ends_with('\n'));
  }
}

// Three bytes of UTF-8 are at most four in the other case; ASCII stays as long as it is.
void try_case(std::string_view text) {
  const std::string upper = reverbd::to_upper(text);
  const std::string lower = reverbd::to_lower(text);
  require(upper.size() <= 2 * text.size() && lower.size() <= 2 * text.size());
  require(reverbd::to_upper(upper) == upper && reverbd::to_lower(lower) == lower);
}

void try_charset(std::string_view text) {
  passwordd::Charset set;
  if (!passwordd::Charset::parse_characters(text, set).empty()) return require(set.size() == 0);
  const std::u32string& characters = set.characters();
  require(characters.size() >= 1 && characters.size() <= 256);
  require(std::set<char32_t>(characters.begin(), characters.end()).size() == characters.size());
  std::size_t chosen = 0;
  for (unsigned byte = 0; byte < 256; ++byte)
    chosen += set.of(static_cast<unsigned char>(byte)) != 0;
  require(chosen == 256 / set.size() * set.size());
}

void try_order(std::string_view text) {
  const auto query = net::http::Query::parse(text);
  passwordd::Order order;
  (void)passwordd::Charset::parse_name("alnum", order.charset);
  if (!query || !passwordd::apply(*query, order).empty()) return;
  require(order.count >= 1 && order.count <= passwordd::kCountMax);
  require(order.length >= passwordd::kLengthMin && order.length <= passwordd::kLengthMax);
  require(order.words <= passwordd::kWordsMax && order.charset.size() >= 1);
  if (order.list || order.words == 0) require(order.bits() >= 0 && order.bytes_max() > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr void (*kParsers[])(std::string_view) = {try_format, try_case, try_charset, try_order};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  kParsers[data[0] % std::size(kParsers)](text);
  return 0;
}
