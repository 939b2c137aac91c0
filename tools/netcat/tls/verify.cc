#include "tools/netcat/tls/verify.h"

#include <algorithm>

#include "tools/netcat/tls/certificate.h"
#include "tools/netcat/tls/engine.h"
#include "tools/netcat/tls/openssl.h"

namespace netcat::tls {

bool expect_name(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* parameters = lib().SSL_get0_param(ssl);
  if (lib().X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1) return true;
  lib().ERR_clear_error();
  lib().X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return lib().X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) == 1;
}

static bool is_pinned(const std::vector<Pin>& pins, X509* certificate) {
  return std::ranges::any_of(pins, [certificate](const Pin& pin) {
    return pin.digest == (pin.kind == Pin::kCertificate ? certificate_digest(certificate)
                                                        : public_key_digest(certificate));
  });
}

static std::string fingerprint(X509* certificate) {
  return "sha256:" + to_hex(certificate_digest(certificate));
}

static std::string not_for_this_name(X509* certificate) {
  constexpr std::size_t kNames = 10;
  const std::vector<std::string> names = alternative_names(certificate);
  if (names.empty()) return "certificate has no subjectAltName";
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kNames); ++i)
    list += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNames) list += ", ...";
  return "certificate is not for this name: it is for " + list;
}

// Names the certificate, if it is not the peer's own but an issuer's.
static std::string whose(X509* certificate, int depth) {
  if (depth == 0) return "certificate";
  return "certificate of the issuer " + describe(certificate).label;
}

static std::string describe_failure(X509_STORE_CTX* chain, int error, bool of_client) {
  X509* leaf = lib().X509_STORE_CTX_get0_cert(chain);
  X509* wrong = lib().X509_STORE_CTX_get_current_cert(chain);
  if (wrong == nullptr) wrong = leaf;
  const int depth = lib().X509_STORE_CTX_get_error_depth(chain);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose(wrong, depth) + " has expired (" + not_after(wrong) + ")";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose(wrong, depth) + " is not valid yet (from " + not_before(wrong) + ")";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return not_for_this_name(leaf);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "certificate is not signed by an authority that this machine trusts (" +
             issuer_label(wrong) + "; " + fingerprint(leaf) + "; see --tls-ca, --tls-pin)";
    case X509_V_ERR_INVALID_PURPOSE:
      return whose(wrong, depth) + " is not for a TLS " + (of_client ? "client" : "server");
    default:
      return std::string("certificate cannot be verified: ") +
             lib().X509_verify_cert_error_string(error);
  }
}

int verify_peer(X509_STORE_CTX* chain, void* argument) {
  const auto& context = *static_cast<const Context*>(argument);
  const Options& options = context.options();
  const int index = lib().SSL_get_ex_data_X509_STORE_CTX_idx();
  auto* ssl = static_cast<SSL*>(lib().X509_STORE_CTX_get_ex_data(chain, index));
  auto& engine = *static_cast<Engine*>(lib().SSL_get_ex_data(ssl, 0));
  X509* leaf = lib().X509_STORE_CTX_get0_cert(chain);
  if (!options.psk.empty()) {
    engine.reject("does not have the pre-shared key (--tls-psk)");
    lib().X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  if (!options.pins.empty()) {
    if (is_pinned(options.pins, leaf)) {
      lib().X509_STORE_CTX_set_error(chain, X509_V_OK);
      return 1;
    }
    engine.reject("certificate is not the pinned one (" + fingerprint(leaf) + ")");
    lib().X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  if (lib().X509_verify_cert(chain) == 1) return 1;
  const int error = lib().X509_STORE_CTX_get_error(chain);
  engine.reject(describe_failure(chain, error, context.role() == Role::kServer));
  return 0;
}

}  // namespace netcat::tls
