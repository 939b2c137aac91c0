#include "tools/netcat/tls/values.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/cli/hex.h"

namespace netcat::tls {

constexpr std::size_t kDigestBytes = 32;

// Decodes pairs of hexadecimal digits; returns false for anything else.
static bool decode_hex(std::string_view text, std::string& out) {
  if (text.empty() || text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = net::hex_digit(text[i]);
    const int low = net::hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return true;
}

// Decodes base64 (RFC 4648), with or without padding.
static bool decode_base64(std::string_view text, std::string& out) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.ends_with('=')) {
    if (text.size() % 4 != 0) return false;
    text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count));
    bits &= (1U << count) - 1;
  }
  return bits == 0 && count < 6;
}

std::string parse_pin(std::string_view text, Pin& out) {
  const std::string wrong = "'" + std::string(text) + "' is neither sha256:HEX nor sha256//BASE64";
  Pin pin;
  if (text.starts_with("sha256//")) {
    pin.kind = Pin::kPublicKey;
    if (!decode_base64(text.substr(8), pin.digest)) return wrong;
  } else if (text.starts_with("sha256:")) {
    std::string digits(text.substr(7));
    if (digits.find(':') != std::string::npos) {
      if (digits.size() != kDigestBytes * 3 - 1) return wrong;
      for (std::size_t i = 2; i < digits.size(); i += 3)
        if (digits[i] != ':') return wrong;
      std::erase(digits, ':');
    }
    if (!decode_hex(digits, pin.digest)) return wrong;
  }
  if (pin.digest.size() != kDigestBytes) return wrong;
  out = std::move(pin);
  return "";
}

std::string parse_alpn(std::string_view text, std::vector<std::string>& out) {
  std::vector<std::string> protocols;
  std::size_t bytes = 0;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, comma);
    if (name.empty()) return "a protocol name is empty";
    if (name.size() > 255) return "a protocol name is longer than 255 bytes";
    bytes += name.size() + 1;
    protocols.emplace_back(name);
    if (comma == text.size()) break;
    text.remove_prefix(comma + 1);
  }
  if (bytes > 65535 - 2) return "too many protocol names";
  out = std::move(protocols);
  return "";
}

std::string alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& name : protocols) {
    wire.push_back(static_cast<char>(name.size()));
    wire += name;
  }
  return wire;
}

static std::optional<Version> parse_version(std::string_view text) {
  constexpr std::array<std::string_view, 4> kNames{"1.0", "1.1", "1.2", "1.3"};
  const auto found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Version>(found - kNames.begin());
}

std::string parse_versions(std::string_view text, Version& min, Version& max) {
  const std::size_t dash = text.find('-');
  const auto low = parse_version(text.substr(0, dash));
  const auto high =
      dash == std::string_view::npos ? Version::k13 : parse_version(text.substr(dash + 1));
  if (!low || !high)
    return "'" + std::string(text) + "' is not a TLS version or range (try 1.2 or 1.2-1.3)";
  if (*low > *high) return "'" + std::string(text) + "': the minimum exceeds the maximum";
  min = *low;
  max = *high;
  return "";
}

std::string parse_psk(std::string_view text, std::string& identity, std::string& key) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.find('\n') != std::string_view::npos) return "more than one line";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return "not IDENTITY:HEXKEY";
  if (colon > 128) return "the identity is longer than 128 bytes";
  std::string bytes;
  if (!decode_hex(text.substr(colon + 1), bytes)) return "the key is not hexadecimal";
  if (bytes.size() < 16) return "the key is shorter than 128 bits";
  if (bytes.size() > 64) return "the key is longer than 512 bits";
  identity = text.substr(0, colon);
  key = std::move(bytes);
  return "";
}

}  // namespace netcat::tls
