// common_fuzz: any bytes as what a person or a client writes for common/: the first one chooses the
// parser. What is taken means the same when it is written again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/cli/cli.h"
#include "common/http/accept.h"
#include "common/http/query.h"
#include "common/http/target.h"
#include "common/net/address.h"

namespace {

using namespace net;

void require(bool condition) {
  if (!condition) std::abort();
}

void try_address(std::string_view text) {
  Address address, again;
  std::string why;
  if (!Address::parse(text, address, why)) return require(!why.empty());
  require(address.kind != Address::kFd || address.fd >= 0);
  require(Address::parse(address.to_string(), again, why));
  require(again.kind == address.kind && again.path == address.path && again.fd == address.fd);
}

void try_number(std::string_view text) {
  std::uint64_t n = 7;
  if (!parse_number(text, 3, 70'000, n)) return require(n == 7);
  require(n >= 3 && n <= 70'000);
  require(text.find_first_not_of("0123456789") == text.npos && text.ends_with(std::to_string(n)));
}

void try_duration(std::string_view text) {
  Millis one{-1};
  if (parse_duration(text, one)) {
    Millis again{-1};
    require(one >= Millis::zero() && one.count() <= 3'600'000'000);
    require(parse_duration(std::to_string(one.count()) + "ms", again) && again == one);
  }
  MillisRange range;
  if (parse_duration_range(text, range).empty()) require(range.min <= range.max);
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  }
  return out;
}

void try_query(std::string_view text) {
  const auto query = http::Query::parse(text);
  if (!query) return require(text.find('%') != text.npos);
  std::string again;
  for (const auto& [key, value] : query->pairs())
    again += (again.empty() ? "" : "&") + encoded(key) + "=" + encoded(value);
  const auto same = http::Query::parse(again);
  require(same && same->pairs() == query->pairs());
}

void try_target(std::string_view text) {
  http::Target target;
  if (!http::parse_target("GET", text, target)) return;
  require(target.path.starts_with('/'));
  const std::string canonical = http::canonical_path(target.path);
  require(http::canonical_path(canonical) == canonical);
  require(!http::is_canonical(target.path) || canonical == target.path);
  require(target.query.empty() || text.find(target.query) != text.npos);
}

void try_accept(std::string_view text) {
  require(!http::prefers_json(text) || !text.empty());
  (void)http::is_host(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr void (*kParsers[])(std::string_view) = {try_address, try_number, try_duration,
                                                    try_query,   try_target, try_accept};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);  // of its own
  kParsers[data[0] % std::size(kParsers)](text);
  return 0;
}
