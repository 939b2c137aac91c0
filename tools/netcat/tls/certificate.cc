#include "tools/netcat/tls/certificate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <memory>

#include "tools/netcat/tls/openssl.h"

namespace netcat::tls {

std::string to_hex(const std::string& bytes) {
  std::string out;
  char digits[3];
  for (const char byte : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    out += digits;
  }
  return out;
}

static std::string sha256(const void* data, std::size_t size) {
  std::array<unsigned char, 32> digest{};
  if (lib().EVP_Digest(data, size, digest.data(), nullptr, lib().EVP_sha256(), nullptr) != 1)
    return "";
  return std::string(digest.begin(), digest.end());
}

static std::string sha256_of_der(unsigned char* der, int size) {
  if (size <= 0) return "";
  std::string digest = sha256(der, static_cast<std::size_t>(size));
  lib().CRYPTO_free(der, __FILE__, __LINE__);
  return digest;
}

std::string certificate_digest(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = lib().i2d_X509(certificate, &der);
  return sha256_of_der(der, size);
}

std::string public_key_digest(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = lib().i2d_X509_PUBKEY(lib().X509_get_X509_PUBKEY(certificate), &der);
  return sha256_of_der(der, size);
}

// --- names and dates ---

static std::string text_of(const X509_NAME* name) {
  BIO* out = lib().BIO_new(lib().BIO_s_mem());
  if (out == nullptr) return "";
  constexpr unsigned long kFlags = XN_FLAG_RFC2253 & ~std::uint64_t{ASN1_STRFLGS_ESC_MSB};
  lib().X509_NAME_print_ex(out, name, 0, kFlags);
  char* data = nullptr;
  const long size = lib().BIO_ctrl(out, BIO_CTRL_INFO, 0, &data);
  std::string text(data, data != nullptr && size > 0 ? static_cast<std::size_t>(size) : 0);
  lib().BIO_free(out);
  return text;
}

static std::string label_of(const X509_NAME* name) {
  std::array<char, 256> common_name{};
  const int size = lib().X509_NAME_get_text_by_NID(name, NID_commonName, common_name.data(),
                                                   static_cast<int>(common_name.size()));
  if (size > 0) return "CN=" + std::string(common_name.data(), static_cast<std::size_t>(size));
  const std::string all = text_of(name);
  return all.empty() ? "no subject" : all;
}

static std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (lib().ASN1_TIME_to_tm(time, &parts) != 1) return "unknown date";
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

std::string issuer_label(X509* certificate) {
  return label_of(lib().X509_get_issuer_name(certificate));
}
std::string not_after(X509* certificate) { return date_of(lib().X509_get0_notAfter(certificate)); }
std::string not_before(X509* certificate) {
  return date_of(lib().X509_get0_notBefore(certificate));
}

Certificate describe(X509* certificate) {
  const X509_NAME* subject = lib().X509_get_subject_name(certificate);
  Certificate out;
  out.subject = text_of(subject);
  out.issuer = text_of(lib().X509_get_issuer_name(certificate));
  out.label = label_of(subject);
  out.sha256 = to_hex(certificate_digest(certificate));
  out.not_after = not_after(certificate);
  int seconds = 0;
  // The difference is from now to the end of validity.
  lib().ASN1_TIME_diff(&out.days_left, &seconds, nullptr, lib().X509_get0_notAfter(certificate));
  return out;
}

static std::string bytes_of(const ASN1_STRING* string) {
  const auto* data = reinterpret_cast<const char*>(lib().ASN1_STRING_get0_data(string));
  return std::string(data, static_cast<std::size_t>(lib().ASN1_STRING_length(string)));
}

static std::string address_of(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return "";
  return inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr ? text.data() : "";
}

std::vector<std::string> alternative_names(X509* certificate) {
  auto* names = static_cast<GENERAL_NAMES*>(
      lib().X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (names == nullptr) return {};
  std::vector<std::string> out;
  const auto* stack = reinterpret_cast<const OPENSSL_STACK*>(names);
  for (int i = 0; i < lib().OPENSSL_sk_num(stack); ++i) {
    const auto* name = static_cast<const GENERAL_NAME*>(lib().OPENSSL_sk_value(stack, i));
    std::string text;
    if (name->type == GEN_DNS) text = bytes_of(name->d.dNSName);
    if (name->type == GEN_IPADD) text = address_of(bytes_of(name->d.iPAddress));
    if (!text.empty()) out.push_back(text);
  }
  lib().GENERAL_NAMES_free(names);
  return out;
}

// --- self-signed ---

static bool add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  lib().X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  context.db = nullptr;
  X509_EXTENSION* extension = lib().X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  const bool added = extension != nullptr && lib().X509_add_ext(certificate, extension, -1) == 1;
  lib().X509_EXTENSION_free(extension);
  return added;
}

static bool fill_in(X509* certificate, EVP_PKEY* key) {
  constexpr long kDay = 24 * 60 * 60;
  const OpenSsl& ssl = lib();
  std::array<unsigned char, 4> serial{};
  if (ssl.RAND_bytes(serial.data(), serial.size()) != 1) return false;
  const long number = serial[0] << 16 | serial[1] << 8 | serial[2] | 1L << 24;
  X509_NAME* name = ssl.X509_get_subject_name(certificate);
  const auto* common_name = reinterpret_cast<const unsigned char*>("netcat");
  return ssl.X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ssl.ASN1_INTEGER_set(ssl.X509_get_serialNumber(certificate), number) == 1 &&
         ssl.X509_gmtime_adj(ssl.X509_getm_notBefore(certificate), -kDay) != nullptr &&
         ssl.X509_gmtime_adj(ssl.X509_getm_notAfter(certificate), 365 * kDay) != nullptr &&
         ssl.X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
         ssl.X509_set_issuer_name(certificate, name) == 1 &&
         ssl.X509_set_pubkey(certificate, key) == 1 &&
         add_extension(certificate, NID_subject_alt_name, "DNS:localhost") &&
         ssl.X509_sign(certificate, key, ssl.EVP_sha256()) != 0;
}

std::string use_self_signed(SSL_CTX* context) {
  const OpenSsl& ssl = lib();
  EVP_PKEY* key = ssl.EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  X509* certificate = ssl.X509_new();
  const bool made = key != nullptr && certificate != nullptr && fill_in(certificate, key) &&
                    ssl.SSL_CTX_use_certificate(context, certificate) == 1 &&
                    ssl.SSL_CTX_use_PrivateKey(context, key) == 1;
  std::string digest = made ? certificate_digest(certificate) : "";
  ssl.X509_free(certificate);
  ssl.EVP_PKEY_free(key);
  return digest;
}

}  // namespace netcat::tls
