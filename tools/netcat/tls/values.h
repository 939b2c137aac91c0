// values.h - the values of netcat's --tls options.  Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace netcat::tls {

// A SHA-256 digest of the peer's certificate (DER), or of its public key (SubjectPublicKeyInfo).
struct Pin {
  enum Kind { kCertificate, kPublicKey };
  Kind kind = kCertificate;
  std::string digest;  // 32 bytes
  friend bool operator==(const Pin&, const Pin&) = default;
};

enum class Version { k10, k11, k12, k13 };

// Each returns an error message about `text`, or an empty string.
std::string parse_pin(std::string_view text, Pin& out);  // sha256:HEX, sha256//BASE64
std::string parse_alpn(std::string_view text, std::vector<std::string>& out);   // P[,P...]
std::string parse_versions(std::string_view text, Version& min, Version& max);  // MIN[-MAX]
// Parses one line, IDENTITY:HEXKEY.
std::string parse_psk(std::string_view text, std::string& identity, std::string& key);

// Protocol names in ALPN's wire format: each one after its length.
std::string alpn_wire(const std::vector<std::string>& protocols);

}  // namespace netcat::tls
