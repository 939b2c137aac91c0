// Why an engine failed, in words.
#include "common/cli/log.h"
#include "tools/netcat/tls/certificate.h"
#include "tools/netcat/tls/engine.h"
#include "tools/netcat/tls/openssl.h"

namespace netcat::tls {

using net::Error;

// How many of the peer's first bytes are kept: enough for a banner.
constexpr std::size_t kFirstBytes = 64;

void Engine::look_at_first_bytes() {
  if (first_.size() < kFirstBytes) first_ += in_.data().substr(0, kFirstBytes - first_.size());
}

// Whether the peer's first bytes are a TLS handshake message or alert.
bool Engine::speaks_tls() const {
  if (first_.empty()) return true;
  return (first_[0] == 0x16 || first_[0] == 0x15) && (first_.size() < 2 || first_[1] == 3);
}

std::string Engine::not_tls() const {
  const std::string line = first_.substr(0, first_.find_first_of("\r\n"));
  return "does not speak TLS (it sent \"" + net::log::escaped(line) + "\")";
}

static std::string version_name(int minor) {
  return minor == 0 ? "SSL 3.0" : "TLS 1." + std::to_string(minor - 1);
}

// The peer's protocol version, from its first message.  A hello has it after the headers of the
// record and the message.  An alert only has the version of the record, which may be ours.
static std::string peer_version(const std::string& first, Version ours) {
  const bool is_hello = first.starts_with('\x16');
  const std::size_t at = is_hello ? 10 : 2;
  if (first.size() <= at || static_cast<unsigned char>(first[at]) > 4) return "";
  if (!is_hello && first[at] > static_cast<char>(ours)) return "";
  return " (peer: " + version_name(first[at]) + ")";
}

// OpenSSL 3.0 has no name for alert 116.
static std::string alert_name(int alert) {
  constexpr int kCertificateRequired = 116;
  return alert == kCertificateRequired ? "certificate required"
                                       : lib().SSL_alert_desc_string_long(alert);
}

std::string Engine::no_version() const {
  return "no protocol version in common" + peer_version(first_, context_.options().min);
}

// From 3.2 on, OpenSSL adds "record layer failure" to the error that has the reason.
static unsigned long last_error() {
  constexpr int kRecordLayerFailure = 313;
  unsigned long found = 0;
  while (const unsigned long error = lib().ERR_get_error()) {
    const bool adds_nothing =
        ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == kRecordLayerFailure;
    if (found == 0 || !adds_nothing) found = error;
  }
  return found;
}

Error Engine::explain() {
  const unsigned long error = last_error();
  if (!rejected_.empty()) return fail(rejected_);
  if (!connected_ && !speaks_tls()) return fail(not_tls());
  const int alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
  if (alert == SSL_AD_PROTOCOL_VERSION) return fail(no_version());
  if (alert >= 0 && alert <= 255) {
    // In TLS 1.3 a server refuses a client's certificate only after the client's handshake is done.
    const char* what = received_ ? "TLS alert from the peer: " : "handshake refused by the peer: ";
    const bool of_key = !connected_ && !context_.options().psk.empty();
    return fail(what + alert_name(alert) + (of_key ? " (see --tls-psk)" : ""));
  }
  return fail(connected_ ? "TLS: " + reason_of(error) : explain_handshake(error));
}

std::string Engine::explain_handshake(unsigned long error) const {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
      return no_version();
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
      if (!context_.options().psk.empty()) return "does not have the pre-shared key (--tls-psk)";
      return "no signature algorithm in common";
    case SSL_R_BINDER_DOES_NOT_VERIFY:
      return "has a different pre-shared key (--tls-psk)";
    case SSL_R_NO_SHARED_CIPHER:
      return "no cipher in common";
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "no application protocol in common (--alpn)";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "sent no certificate";
    default:
      return "TLS handshake failed: " + reason_of(error);
  }
}

}  // namespace netcat::tls
