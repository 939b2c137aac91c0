// verify.h - verification of the peer's certificate.
#pragma once

#include <string>

struct ssl_st;
struct x509_store_ctx_st;

namespace netcat::tls {

// Requires the peer's certificate to be for `name`, a DNS name or an address: by subjectAltName
// only, never by the common name (RFC 9525).
bool expect_name(ssl_st* ssl, const std::string& name);

// OpenSSL calls it in the handshake, with the Context; errors go to the Engine.
int verify_peer(x509_store_ctx_st* chain, void* context);

}  // namespace netcat::tls
