// A pre-shared key in place of certificates (RFC 8446, 4.2.11).

#include "tools/netcat/tls/engine.h"
#include "tools/netcat/tls/openssl.h"

namespace netcat::tls {

static const Context& context_of(const SSL* ssl) {
  return static_cast<const Engine*>(lib().SSL_get_ex_data(ssl, 0))->context();
}

// The key as a session, which is how OpenSSL takes an external pre-shared key.
static SSL_SESSION* session_of(SSL* ssl) {
  constexpr unsigned char kAes128GcmSha256[] = {0x13, 0x01};
  const std::string& key = context_of(ssl).psk_key();
  SSL_SESSION* session = lib().SSL_SESSION_new();
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.data());
  const bool filled =
      session != nullptr && lib().SSL_SESSION_set1_master_key(session, bytes, key.size()) == 1 &&
      lib().SSL_SESSION_set_cipher(session, lib().SSL_CIPHER_find(ssl, kAes128GcmSha256)) == 1 &&
      lib().SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1;
  if (filled) return session;
  lib().SSL_SESSION_free(session);
  return nullptr;
}

static int on_use(SSL* ssl, const EVP_MD*, const unsigned char** identity, std::size_t* size,
                  SSL_SESSION** session) {
  *session = session_of(ssl);
  const std::string& name = context_of(ssl).psk_identity();
  *identity = reinterpret_cast<const unsigned char*>(name.data());
  *size = name.size();
  return *session != nullptr ? 1 : 0;
}

static int on_find(SSL* ssl, const unsigned char* identity, std::size_t size,
                   SSL_SESSION** session) {
  const std::string_view name(reinterpret_cast<const char*>(identity), size);
  *session = name == context_of(ssl).psk_identity() ? session_of(ssl) : nullptr;
  return 1;  // an unknown identity is not an error; without a certificate the handshake fails
}

void use_psk(SSL_CTX* context, Role role) {
  // The key is used with SHA-256, so only ciphers with SHA-256 are offered.
  lib().SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256");
  if (role == Role::kClient)
    lib().SSL_CTX_set_psk_use_session_callback(context, on_use);
  else
    lib().SSL_CTX_set_psk_find_session_callback(context, on_find);
}

}  // namespace netcat::tls
