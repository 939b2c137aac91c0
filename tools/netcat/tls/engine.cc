#include "tools/netcat/tls/engine.h"

#include <arpa/inet.h>
#include <algorithm>
#include <cstdlib>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "tools/netcat/tls/certificate.h"
#include "tools/netcat/tls/openssl.h"
#include "tools/netcat/tls/verify.h"

namespace netcat::tls {

using net::Error;
using net::Result;

// The most bytes to encrypt at a time: four records, which fit into `out`.
constexpr std::size_t kWriteBytes = std::size_t{64} << 10;

// --- what OpenSSL reads from and writes to ---

struct Engine::Transport {
  static Engine& engine(BIO* bio) { return *static_cast<Engine*>(lib().BIO_get_data(bio)); }

  static int read(BIO* bio, char* buffer, std::size_t size, std::size_t* got) {
    lib().BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    const std::string_view data = engine(bio).in_.data().substr(0, size);
    if (data.empty()) lib().BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    std::copy(data.begin(), data.end(), buffer);
    engine(bio).in_.consumed(data.size());
    *got = data.size();
    return data.empty() ? 0 : 1;
  }

  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
    lib().BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    *written = engine(bio).out_.append({data, size});
    if (*written == 0) lib().BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY);
    return *written == 0 ? 0 : 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
};

BIO_METHOD* Engine::make_method() {
  BIO_METHOD* method = lib().BIO_meth_new(BIO_TYPE_SOURCE_SINK, "netcat");
  if (method == nullptr) return nullptr;
  lib().BIO_meth_set_read_ex(method, Transport::read);
  lib().BIO_meth_set_write_ex(method, Transport::write);
  lib().BIO_meth_set_ctrl(method, Transport::control);
  return method;
}

// --- begin and end ---

static bool is_address(const std::string& name) {
  in6_addr address;
  return inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

Engine::Engine(const Context& context, const std::string& name) : context_(context) {
  const OpenSsl& ssl = lib();
  ssl_ = ssl.SSL_new(context.get());
  BIO* bio = ssl.BIO_new(context.method());
  if (ssl_ == nullptr || bio == nullptr) {
    net::log::out_of_memory();
    std::_Exit(net::kLocalIo);
  }
  ssl.BIO_set_data(bio, this);
  ssl.BIO_set_init(bio, 1);
  ssl.SSL_set_bio(ssl_, bio, bio);
  ssl.SSL_set_ex_data(ssl_, 0, this);
  if (context.role() == Role::kServer)
    ssl.SSL_set_accept_state(ssl_);
  else
    ssl.SSL_set_connect_state(ssl_);
  if (context.role() == Role::kClient && !name.empty()) call_peer(name);
}

void Engine::call_peer(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  if (context_.options().verify && !expect_name(ssl_, name))
    (void)fail("'" + name + "' is not a valid server name");
  if (is_address(name)) return;
  lib().SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

Engine::~Engine() { lib().SSL_free(ssl_); }

// --- the four operations ---

Error Engine::handshake() {
  if (failed_) return UV_EPROTO;
  look_at_first_bytes();
  lib().ERR_clear_error();
  const Error e = result_of(lib().SSL_do_handshake(ssl_));
  if (!e) connected_ = true;
  return e;
}

Result<std::size_t> Engine::read(std::span<char> buffer) {
  if (truncated_) return truncation();
  if (failed_) return Error(UV_EPROTO);
  std::size_t got = 0;
  while (got < buffer.size()) {
    std::size_t n = 0;
    lib().ERR_clear_error();
    const int returned = lib().SSL_read_ex(ssl_, buffer.data() + got, buffer.size() - got, &n);
    if (returned == 1) {
      got += n;
      received_ = true;
      continue;
    }
    const Error e = result_of(returned);
    if (!e || got > 0) break;  // returns the authentic data first, the error next time
    if (truncated_) return truncation();
    return e;
  }
  return got;
}

Result<std::size_t> Engine::truncation() const {
  if (context_.options().allow_truncation) return std::size_t{0};
  return Error(UV_ECONNABORTED);
}

Result<std::size_t> Engine::peek(std::span<char> buffer) {
  if (truncated_) return truncation();
  if (failed_) return Error(UV_EPROTO);
  std::size_t n = 0;
  lib().ERR_clear_error();
  const int returned = lib().SSL_peek_ex(ssl_, buffer.data(), buffer.size(), &n);
  if (returned == 1) return n;
  const Error e = result_of(returned);
  if (truncated_) return truncation();
  return e ? Result<std::size_t>(e) : Result<std::size_t>(std::size_t{0});
}

bool Engine::has_input() {
  char byte = 0;
  const Result<std::size_t> n = peek({&byte, 1});
  return n || n.error() != Error(UV_EAGAIN);
}

Result<std::size_t> Engine::write(std::string_view data) {
  if (failed_) return Error(UV_EPROTO);
  std::size_t taken = 0;
  data = data.substr(0, kWriteBytes);
  while (taken < data.size()) {
    std::size_t n = 0;
    lib().ERR_clear_error();
    const int returned = lib().SSL_write_ex(ssl_, data.data() + taken, data.size() - taken, &n);
    if (returned != 1) {
      const Error e = result_of(returned);
      if (taken == 0) return e;
      break;
    }
    taken += n;
  }
  return taken;
}

void Engine::close_notify() {
  if (notified_ || failed_ || !connected_) return;
  notified_ = true;
  lib().ERR_clear_error();
  (void)lib().SSL_shutdown(ssl_);  // 0 or 1: ours is sent; read() gets the peer's
  lib().ERR_clear_error();
}

void Engine::update_keys() { (void)lib().SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED); }

// --- what went wrong ---

Error Engine::fail(std::string why) {
  failed_ = true;
  failure_ = std::move(why);
  return UV_EPROTO;
}

Error Engine::result_of(int returned) {
  constexpr const char* kEarlyEnd = "connection closed during the TLS handshake";
  if (returned > 0) return Error();
  const int error = lib().SSL_get_error(ssl_, returned);
  if (error == SSL_ERROR_ZERO_RETURN) {
    if (!connected_) return fail(kEarlyEnd);
    peer_notified_ = true;
    return Error();
  }
  if (error == SSL_ERROR_WANT_WRITE)
    return fail("TLS: the peer keeps requesting key updates without reading");
  if (error != SSL_ERROR_WANT_READ) return explain();
  if (!input_ended_) return UV_EAGAIN;
  if (!connected_ && !speaks_tls()) return fail(not_tls());
  if (!connected_) return fail(kEarlyEnd);
  truncated_ = true;
  failure_ = "ended without TLS's close_notify: the data may be cut off";
  return UV_ECONNABORTED;
}

// --- the negotiated parameters ---

Info Engine::info() const {
  const OpenSsl& ssl = lib();
  const Options& options = context_.options();
  Info info;
  const std::string version = ssl.SSL_get_version(ssl_);  // "TLSv1.3"
  info.version = version.starts_with("TLSv") ? "TLS " + version.substr(4) : version;
  if (info.version == "TLS 1") info.version = "TLS 1.0";
  info.cipher = ssl.SSL_CIPHER_get_name(ssl.SSL_get_current_cipher(ssl_));
  const char* name = ssl.SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  if (name != nullptr) info.server_name = name;
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  ssl.SSL_get0_alpn_selected(ssl_, &alpn, &size);
  info.alpn.assign(reinterpret_cast<const char*>(alpn), size);
  if (!options.psk.empty()) info.verified = "psk";
  X509* certificate = ssl.SSL_get1_peer_certificate(ssl_);
  if (certificate == nullptr) return info;
  const Certificate described = describe(certificate);
  ssl.X509_free(certificate);
  info.has_certificate = true;
  info.subject = described.subject;
  info.issuer = described.issuer;
  info.label = described.label;
  info.not_after = described.not_after;
  info.sha256 = described.sha256;
  info.days_left = described.days_left;
  if (!options.pins.empty())
    info.verified = "pin";
  else if (!options.ca.empty() || (context_.role() == Role::kClient && options.verify))
    info.verified = "ca";
  return info;
}

}  // namespace netcat::tls
