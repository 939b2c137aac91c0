// verify.h - verifies the peer's certificate.
#pragma once

#include <string>

struct ssl_st;
struct x509_store_ctx_st;

namespace netcat::tls {

// Requires the peer's certificate to have `name`, a DNS name or address, in subjectAltName; the
// common name does not count (RFC 9525).
bool expect_name(ssl_st* ssl, const std::string& name);

// OpenSSL calls it during the handshake with the Context; errors are passed to the Engine.
int verify_peer(x509_store_ctx_st* chain, void* context);

}  // namespace netcat::tls
