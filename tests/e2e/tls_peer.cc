#include "tls_peer.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace e2e {

namespace {

std::string reason() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* text = ERR_reason_error_string(error);
  return text != nullptr ? text : "closed, reset or out of time";
}

// Blocking, with a deadline.
void prepare(int fd) {
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) != 0) fail_errno("fcntl");
  const timeval limit{.tv_sec = kPatience.count() / 1000, .tv_usec = 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    setsockopt(fd, SOL_SOCKET, option, &limit, sizeof limit);
}

}  // namespace

std::string pki(const std::string& name) { return WIREUTILS_PKI_DIR "/" + name; }

TlsPeer TlsPeer::server(Socket socket, const TlsSettings& settings) {
  return {std::move(socket), settings, true};
}

TlsPeer TlsPeer::client(Socket socket, const TlsSettings& settings) {
  return {std::move(socket), settings, false};
}

TlsPeer::TlsPeer(Socket socket, const TlsSettings& settings, bool is_server)
    : socket_(std::move(socket)),
      context_(SSL_CTX_new(TLS_method()), SSL_CTX_free),
      ssl_(nullptr, SSL_free) {
  SSL_CTX* context = context_.get();
  const std::string file =
      settings.certificate.empty() && is_server ? pki("good.pem") : settings.certificate;
  if (!file.empty() && (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1 ||
                        SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1))
    fail(file + ": " + reason());
  SSL_CTX_set_options(context, SSL_OP_ALL);
  if (settings.version_max != 0) {
    SSL_CTX_set_min_proto_version(context, 0);
    SSL_CTX_set_max_proto_version(context, settings.version_max);
    if (settings.version_max < TLS1_2_VERSION) SSL_CTX_set_security_level(context, 0);
  }
  if (!settings.client_ca.empty()) {
    SSL_CTX_load_verify_locations(context, settings.client_ca.c_str(), nullptr);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  if (!settings.alpn.empty())
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(settings.alpn.data()),
                            static_cast<unsigned>(settings.alpn.size()));
  prepare(socket_.fd());
  ssl_.reset(SSL_new(context), SSL_free);
  SSL_set_fd(ssl_.get(), socket_.fd());
  if (!settings.server_name.empty())
    SSL_set_tlsext_host_name(ssl_.get(), settings.server_name.c_str());
  if (is_server)
    SSL_set_accept_state(ssl_.get());
  else
    SSL_set_connect_state(ssl_.get());
}

std::string TlsPeer::handshake() { return SSL_do_handshake(ssl_.get()) == 1 ? "" : reason(); }

void TlsPeer::send(std::string_view data) {
  std::size_t n = 0;
  if (SSL_write_ex(ssl_.get(), data.data(), data.size(), &n) != 1) fail("SSL_write: " + reason());
}

// Empty at close_notify.
std::string TlsPeer::read_some(std::size_t bytes) {
  std::string buffer(bytes, '\0');
  std::size_t n = 0;
  const int result = SSL_read_ex(ssl_.get(), buffer.data(), bytes, &n);
  if (result != 1 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_ZERO_RETURN)
    fail("SSL_read: " + reason());
  buffer.resize(n);
  return buffer;
}

std::string TlsPeer::take(std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) {
    const std::string some = read_some(bytes - all.size());
    if (some.empty()) fail("close_notify after " + std::to_string(all.size()) + " bytes");
    all += some;
  }
  return all;
}

std::string TlsPeer::rest() {
  std::string all;
  for (;;) {
    const std::string some = read_some(std::size_t{64} << 10);
    if (some.empty()) return all;
    all += some;
  }
}

void TlsPeer::close_notify() {
  if (SSL_shutdown(ssl_.get()) < 0) fail("SSL_shutdown: " + reason());
}

void TlsPeer::update_keys() { SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED); }

void TlsPeer::close() { socket_.close(); }

bool TlsPeer::has_no_fin() {
  const timeval silence{.tv_sec = 0, .tv_usec = kSilence.count() * 1000};
  setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  char byte = 0;
  const bool none = recv(socket_.fd(), &byte, 1, MSG_PEEK) < 0;
  prepare(socket_.fd());
  return none;
}

std::string TlsPeer::version() const { return SSL_get_version(ssl_.get()); }

}  // namespace e2e
