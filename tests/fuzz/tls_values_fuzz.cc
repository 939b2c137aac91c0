// tls_values_fuzz: any bytes as the values of netcat's --tls options.  What is refused changes
// nothing; what is taken is complete, and means the same when it is written again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tools/netcat/tls/values.h"

namespace {

using namespace netcat::tls;

void require(bool condition) {
  if (!condition) std::abort();
}

void try_pin(std::string_view text) {
  Pin pin;
  if (!parse_pin(text, pin).empty()) return require(pin == Pin());
  require(pin.digest.size() == 32);
  static const char* const kDigits = "0123456789ABCDEF";
  std::string hex = "sha256:";
  for (const char byte : pin.digest) {
    const auto bits = static_cast<unsigned char>(byte);
    hex += {kDigits[bits >> 4], kDigits[bits & 15], ':'};
  }
  hex.pop_back();
  Pin again;
  require(parse_pin(hex, again).empty() && again.digest == pin.digest);
}

void try_alpn(std::string_view text) {
  std::vector<std::string> protocols;
  if (!parse_alpn(text, protocols).empty()) return require(protocols.empty());
  std::string joined;
  for (const std::string& name : protocols) {
    require(!name.empty() && name.size() <= 255);
    joined += (joined.empty() ? "" : ",") + name;
  }
  require(joined == text && alpn_wire(protocols).size() == text.size() + 1);
}

void try_versions(std::string_view text) {
  Version min = Version::k12;
  Version max = Version::k13;
  if (parse_versions(text, min, max).empty())
    require(min <= max);
  else
    require(min == Version::k12 && max == Version::k13);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_pin(text);
  try_alpn(text);
  try_versions(text);
  return 0;
}
