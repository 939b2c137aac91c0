// openssl.h - the functions of OpenSSL 3 that netcat calls, loaded when --tls is given.
//
// Linking libssl would nearly double the time of every start, so it is opened at run time, except
// in a static build.  decltype keeps the types checked.  Macros and inline functions of the headers
// that call the library are not available; call the functions that they call.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <string>

namespace netcat::tls {

// clang-format off
#define NETCAT_OPENSSL(F) \
  F(ASN1_INTEGER_set) F(ASN1_STRING_get0_data) F(ASN1_STRING_length) F(ASN1_TIME_diff) \
  F(ASN1_TIME_to_tm) F(BIO_clear_flags) F(BIO_ctrl) F(BIO_free) F(BIO_get_data) F(BIO_meth_free) \
  F(BIO_meth_new) F(BIO_meth_set_ctrl) F(BIO_meth_set_read_ex) F(BIO_meth_set_write_ex) F(BIO_new) \
  F(BIO_s_mem) F(BIO_set_data) F(BIO_set_flags) F(BIO_set_init) F(CRYPTO_free) F(ERR_clear_error) \
  F(ERR_get_error) F(ERR_peek_error) F(ERR_reason_error_string) F(EVP_Digest) \
  F(EVP_PKEY_free) F(EVP_PKEY_Q_keygen) F(EVP_sha256) F(GENERAL_NAMES_free) F(i2d_X509) \
  F(i2d_X509_PUBKEY) F(OPENSSL_init_ssl) F(OPENSSL_sk_num) F(OPENSSL_sk_value) F(RAND_bytes) \
  F(SSL_alert_desc_string_long) F(SSL_CIPHER_find) F(SSL_CIPHER_get_name) F(SSL_ctrl) \
  F(SSL_CTX_ctrl) F(SSL_CTX_free) F(SSL_CTX_get_cert_store) F(SSL_CTX_new) \
  F(SSL_CTX_set_alpn_protos) F(SSL_CTX_set_alpn_select_cb) F(SSL_CTX_set_cert_verify_callback) \
  F(SSL_CTX_set_cipher_list) F(SSL_CTX_set_ciphersuites) F(SSL_CTX_set_client_CA_list) \
  F(SSL_CTX_set_default_passwd_cb) F(SSL_CTX_set_default_passwd_cb_userdata) \
  F(SSL_CTX_set_keylog_callback) F(SSL_CTX_set_num_tickets) F(SSL_CTX_set_options) \
  F(SSL_CTX_set_psk_find_session_callback) F(SSL_CTX_set_psk_use_session_callback) \
  F(SSL_CTX_set_security_level) F(SSL_CTX_set_verify) F(SSL_CTX_use_certificate) \
  F(SSL_CTX_use_certificate_chain_file) F(SSL_CTX_use_PrivateKey) F(SSL_CTX_use_PrivateKey_file) \
  F(SSL_do_handshake) F(SSL_free) F(SSL_get0_alpn_selected) F(SSL_get0_param) \
  F(SSL_get1_peer_certificate) F(SSL_get_current_cipher) F(SSL_get_error) F(SSL_get_ex_data) \
  F(SSL_get_ex_data_X509_STORE_CTX_idx) F(SSL_get_servername) F(SSL_get_version) F(SSL_key_update) \
  F(SSL_load_client_CA_file) F(SSL_new) F(SSL_peek_ex) F(SSL_read_ex) F(SSL_select_next_proto) \
  F(SSL_SESSION_free) F(SSL_SESSION_new) F(SSL_SESSION_set1_master_key) F(SSL_SESSION_set_cipher) \
  F(SSL_SESSION_set_protocol_version) F(SSL_set_accept_state) F(SSL_set_bio) \
  F(SSL_set_connect_state) F(SSL_set_ex_data) F(SSL_shutdown) F(SSL_write_ex) F(TLS_method) \
  F(X509_add_ext) F(X509_digest) F(X509_EXTENSION_free) F(X509_free) F(X509_get0_notAfter) \
  F(X509_get0_notBefore) F(X509_get_default_cert_dir) F(X509_get_default_cert_file) \
  F(X509_get_ext_d2i) F(X509_get_issuer_name) F(X509_get_serialNumber) F(X509_get_subject_name) \
  F(X509_get_X509_PUBKEY) F(X509_getm_notAfter) F(X509_getm_notBefore) F(X509_gmtime_adj) \
  F(X509_NAME_add_entry_by_txt) F(X509_NAME_get_text_by_NID) F(X509_NAME_print_ex) F(X509_new) \
  F(X509_set_issuer_name) F(X509_set_pubkey) F(X509_set_version) F(X509_sign) \
  F(X509_STORE_CTX_get0_cert) F(X509_STORE_CTX_get_current_cert) F(X509_STORE_CTX_get_error) \
  F(X509_STORE_CTX_get_error_depth) F(X509_STORE_CTX_get_ex_data) F(X509_STORE_CTX_set_error) \
  F(X509_STORE_load_file) F(X509_STORE_load_path) F(X509_STORE_set_flags) F(X509_verify_cert) \
  F(X509_verify_cert_error_string) F(X509_VERIFY_PARAM_set1_host) F(X509_VERIFY_PARAM_set1_ip_asc) \
  F(X509_VERIFY_PARAM_set_hostflags) F(X509V3_EXT_conf_nid) F(X509V3_set_ctx)
// clang-format on

struct OpenSsl {
#define NETCAT_OPENSSL_MEMBER(name) decltype(&::name) name;
  NETCAT_OPENSSL(NETCAT_OPENSSL_MEMBER)
#undef NETCAT_OPENSSL_MEMBER
};

// Returns the library, which the first call loads.  On failure returns null and sets `why`.
const OpenSsl* openssl(std::string& why);
// The same, after openssl() has succeeded.
const OpenSsl& lib();

}  // namespace netcat::tls
