#include "tools/netcat/tls/context.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/cli/read_file.h"
#include "tools/netcat/tls/certificate.h"
#include "tools/netcat/tls/engine.h"
#include "tools/netcat/tls/openssl.h"
#include "tools/netcat/tls/verify.h"

namespace netcat::tls {

std::string reason() {
  const unsigned long error = lib().ERR_peek_error();
  lib().ERR_clear_error();
  return reason_of(error);
}

std::string reason_of(unsigned long error) {
  if (ERR_SYSTEM_ERROR(error)) return net::Error(-ERR_GET_REASON(error)).message();
  const char* text = lib().ERR_reason_error_string(error);
  return text != nullptr ? text : "unknown error";
}

static const Engine& engine_of(const SSL* ssl) {
  return *static_cast<const Engine*>(lib().SSL_get_ex_data(ssl, 0));
}

// --- callbacks ---

static void on_key_log(const SSL* ssl, const char* line) { engine_of(ssl).context().log_key(line); }

// Selects the first of our protocols that the client also supports.
static int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* size,
                   const unsigned char* offered, unsigned offered_size, void*) {
  const std::string ours = alpn_wire(engine_of(ssl).context().options().alpn);
  unsigned char* chosen = nullptr;
  const int result = lib().SSL_select_next_proto(
      &chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
      static_cast<unsigned>(ours.size()), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  // The result may point into `ours`, which is local; the client's list contains the same name.
  const std::string_view all(reinterpret_cast<const char*>(offered), offered_size);
  const std::string entry = alpn_wire({std::string(reinterpret_cast<char*>(chosen), *size)});
  *out = offered + all.find(entry) + 1;
  return SSL_TLSEXT_ERR_OK;
}

// --- the context ---

std::unique_ptr<Context> Context::make(const Options& options, Role role, std::string& why) {
  if (openssl(why) == nullptr) {
    why = "TLS: " + why;
    return nullptr;
  }
  std::unique_ptr<Context> context(new Context(options, role));
  why = context->load();
  return why.empty() ? std::move(context) : nullptr;
}

Context::~Context() {
  lib().SSL_CTX_free(context_);
  lib().BIO_meth_free(method_);
}

std::string Context::load() {
  const OpenSsl& ssl = lib();
  method_ = Engine::make_method();
  context_ = ssl.SSL_CTX_new(ssl.TLS_method());
  if (method_ == nullptr || context_ == nullptr) return "TLS: " + reason();
  ssl.SSL_CTX_set_options(context_,
                          SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  ssl.SSL_CTX_set_num_tickets(context_, 0);
  ssl.SSL_CTX_ctrl(context_, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
  ssl.SSL_CTX_ctrl(context_, SSL_CTRL_SET_DH_AUTO, 1, nullptr);
  ssl.SSL_CTX_ctrl(context_, SSL_CTRL_MODE,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                       SSL_MODE_RELEASE_BUFFERS,
                   nullptr);
  std::string why = set_versions_and_ciphers();
  if (why.empty() && !options_.psk.empty()) why = set_psk();
  if (why.empty()) why = set_certificate();
  if (why.empty()) why = set_trust();
  set_alpn();
  open_key_log();
  return why;
}

std::string Context::set_versions_and_ciphers() {
  const OpenSsl& ssl = lib();
  const auto number = [](Version version) { return TLS1_VERSION + static_cast<long>(version); };
  const Version min = options_.psk.empty() ? options_.min : Version::k13;
  ssl.SSL_CTX_ctrl(context_, SSL_CTRL_SET_MIN_PROTO_VERSION, number(min), nullptr);
  ssl.SSL_CTX_ctrl(context_, SSL_CTRL_SET_MAX_PROTO_VERSION, number(options_.max), nullptr);
  // TLS 1.0 and 1.1 sign with SHA-1, which only level 0 allows.
  if (options_.min < Version::k12) ssl.SSL_CTX_set_security_level(context_, 0);
  std::string suites;  // the ciphers of TLS 1.3, which OpenSSL lists separately
  std::string ciphers;
  std::string_view rest = options_.ciphers;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(':'));
    std::string& list = name.starts_with("TLS_") ? suites : ciphers;
    list += std::string(list.empty() ? "" : ":") + std::string(name);
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  const bool known =
      (suites.empty() || ssl.SSL_CTX_set_ciphersuites(context_, suites.c_str()) == 1) &&
      (ciphers.empty() || ssl.SSL_CTX_set_cipher_list(context_, ciphers.c_str()) == 1);
  return known ? "" : "--tls-ciphers: '" + options_.ciphers + "': " + reason();
}

std::string Context::set_psk() {
  const net::Result<std::string> text = net::read_file(options_.psk, 4096);
  const std::string name = net::name_of_file(options_.psk) + ": ";
  if (!text) return name + text.error().message();
  const std::string wrong = parse_psk(*text, psk_identity_, psk_key_);
  if (!wrong.empty()) return name + wrong;
  use_psk(context_, role_);
  return "";
}

// Refuses to supply a passphrase: OpenSSL's default would ask on the terminal, or read standard
// input.
static int on_passphrase(char*, int, int, void* is_encrypted) {
  if (is_encrypted != nullptr) *static_cast<bool*>(is_encrypted) = true;
  return -1;
}

// Returns an error about the key, or about the key and the certificate together.
static std::string use_key(SSL_CTX* context, const std::string& file) {
  const OpenSsl& ssl = lib();
  bool is_encrypted = false;
  ssl.SSL_CTX_set_default_passwd_cb(context, on_passphrase);
  ssl.SSL_CTX_set_default_passwd_cb_userdata(context, &is_encrypted);
  const int used = ssl.SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM);
  ssl.SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);  // the context outlives the flag
  if (used == 1) return "";
  const unsigned long error = ssl.ERR_peek_error();
  is_encrypted |=
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_UNSUPPORTED_ENCRYPTION;
  if (is_encrypted) return "the private key is encrypted (openssl-pkey(1) can decrypt it)";
  if (ERR_GET_LIB(error) == ERR_LIB_X509)  // the key belongs to another certificate
    return "not the private key of the certificate";
  return "not a private key in PEM: " + reason();
}

std::string Context::set_certificate() {
  const OpenSsl& ssl = lib();
  if (options_.cert.empty()) {
    if (role_ == Role::kClient || !options_.psk.empty()) return "";
    self_signed_ = to_hex(use_self_signed(context_));
    return self_signed_.empty() ? "cannot make a certificate: " + reason() : "";
  }
  const std::string& key = options_.key.empty() ? options_.cert : options_.key;
  for (const std::string& file : {options_.cert, key})
    if (access(file.c_str(), R_OK) != 0) return file + ": " + net::Error::from_errno().message();
  if (ssl.SSL_CTX_use_certificate_chain_file(context_, options_.cert.c_str()) != 1)
    return options_.cert + ": not a certificate in PEM: " + reason();
  const std::string wrong = use_key(context_, key);
  return wrong.empty() ? "" : key + ": " + wrong;
}

std::string Context::set_trust() {
  const OpenSsl& ssl = lib();
  const bool asked = !options_.ca.empty() || !options_.pins.empty();
  const bool has_psk = !options_.psk.empty();  // a certificate cannot replace the key
  const bool verifies = asked || (role_ == Role::kClient && options_.verify);
  if (!verifies) return "";
  ssl.SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ssl.SSL_CTX_set_cert_verify_callback(context_, verify_peer, this);
  if (!options_.pins.empty() || has_psk) return "";
  if (options_.ca.empty()) return trust_system(context_);
  std::string why = trust(context_, options_.ca);
  if (why.empty() && role_ == Role::kServer) {
    // Tells clients which authorities are accepted; a directory has no list.
    ssl.SSL_CTX_set_client_CA_list(context_, ssl.SSL_load_client_CA_file(options_.ca.c_str()));
    ssl.ERR_clear_error();
  }
  return why;
}

void Context::set_alpn() {
  if (options_.alpn.empty()) return;
  if (role_ == Role::kServer) return lib().SSL_CTX_set_alpn_select_cb(context_, on_alpn, nullptr);
  const std::string wire = alpn_wire(options_.alpn);
  lib().SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(wire.data()),
                                static_cast<unsigned>(wire.size()));
}

// --- SSLKEYLOGFILE ---

void Context::open_key_log() {
  const char* path = secure_getenv("SSLKEYLOGFILE");  // null in a set-user-ID program
  if (path == nullptr || *path == '\0') return;
  key_log_.reset(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600));
  key_log_note_ =
      key_log_ ? "TLS keys are written to " + std::string(path)
               : "SSLKEYLOGFILE: " + std::string(path) + ": " + net::Error::from_errno().message();
  if (key_log_) lib().SSL_CTX_set_keylog_callback(context_, on_key_log);
}

void Context::log_key(const char* line) const {
  const std::string text = std::string(line) + "\n";
  [[maybe_unused]] const ssize_t n = write(key_log_.get(), text.data(), text.size());
}

}  // namespace netcat::tls
