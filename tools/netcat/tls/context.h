// context.h - what all TLS connections of a run share: settings, certificate, trust.
#pragma once

#include <memory>
#include <string>

#include "common/net/fd.h"
#include "common/net/result.h"
#include "tools/netcat/tls/options.h"

struct bio_method_st;
struct ssl_ctx_st;

namespace netcat::tls {

enum class Role { kClient, kServer };

class Context {
 public:
  // Loads OpenSSL and all files.  On failure returns null and sets `why`.
  static std::unique_ptr<Context> make(const Options& options, Role role, std::string& why);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  const Options& options() const { return options_; }
  Role role() const { return role_; }
  // The digest of the certificate that was generated because none was given; 64 digits, or empty.
  const std::string& self_signed() const { return self_signed_; }
  // A sentence for -v about SSLKEYLOGFILE, if that is set.
  const std::string& key_log_note() const { return key_log_note_; }
  void log_key(const char* line) const;
  // From --tls-psk; empty without it.
  const std::string& psk_identity() const { return psk_identity_; }
  const std::string& psk_key() const { return psk_key_; }

  ssl_ctx_st* get() const { return context_; }
  const bio_method_st* method() const { return method_; }

 private:
  Context(const Options& options, Role role) : options_(options), role_(role) {}
  std::string load();
  std::string set_versions_and_ciphers();
  std::string set_certificate();
  std::string set_trust();
  std::string set_psk();
  void set_alpn();
  void open_key_log();

  Options options_;
  Role role_;
  ssl_ctx_st* context_ = nullptr;
  bio_method_st* method_ = nullptr;
  std::string self_signed_;
  std::string psk_identity_;
  std::string psk_key_;
  net::Fd key_log_;
  std::string key_log_note_;
};

std::string reason_of(unsigned long error);
// Makes a client offer, or a server look up, the Context's pre-shared key.
void use_psk(ssl_ctx_st* context, Role role);

// Returns the first error in OpenSSL's queue, and empties the queue.
std::string reason();
// Loads the CA certificates that this host trusts, from the places where systems keep them; returns
// an error if there are none.
std::string trust_system(ssl_ctx_st* context);
// Loads the CA certificates in a file or in a hashed directory.
std::string trust(ssl_ctx_st* context, const std::string& path);

}  // namespace netcat::tls
