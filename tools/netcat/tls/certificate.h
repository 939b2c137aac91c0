// certificate.h - reads the contents of a certificate, and generates one.
#pragma once

#include <string>
#include <vector>

struct ssl_ctx_st;
struct x509_st;

namespace netcat::tls {

struct Certificate {
  std::string subject;  // RFC 2253
  std::string issuer;
  std::string label;      // CN=localhost, or the subject if it has no CN
  std::string sha256;     // of the DER, 64 hexadecimal digits
  std::string not_after;  // 2027-01-31
  int days_left = 0;
};

Certificate describe(x509_st* certificate);
// CN=NAME of the issuer, or the whole name if it has no CN.
std::string issuer_label(x509_st* certificate);
std::string not_after(x509_st* certificate);
std::string not_before(x509_st* certificate);
// The DNS names and IP addresses of subjectAltName.
std::vector<std::string> alternative_names(x509_st* certificate);
// Return the SHA-256 of the certificate or of its public key: 32 bytes.
std::string certificate_digest(x509_st* certificate);
std::string public_key_digest(x509_st* certificate);
std::string to_hex(const std::string& bytes);

// Gives the context a new EC key with a self-signed certificate; returns the digest of the
// certificate, empty on failure.
std::string use_self_signed(ssl_ctx_st* context);

}  // namespace netcat::tls
