// Finds the CA certificates.  A hashed directory is preferred to a bundle: OpenSSL reads only the
// one file that it needs from a directory, but all 150 certificates of a bundle.

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <memory>

#include "tools/netcat/tls/context.h"
#include "tools/netcat/tls/openssl.h"

namespace netcat::tls {

static bool is_directory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// "5ed36f99.0": the hash of a subject name, and a number.
static bool is_hash(std::string_view name) {
  if (name.size() < 10 || name[8] != '.') return false;
  for (const char c : name.substr(0, 8))
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return false;
  return std::isdigit(static_cast<unsigned char>(name[9])) != 0;
}

static bool is_hashed(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), closedir);
  if (!directory) return false;
  while (const dirent* entry = readdir(directory.get()))
    if (is_hash(entry->d_name)) return true;
  return false;
}

static bool use(SSL_CTX* context, const std::string& path) {
  X509_STORE* store = lib().SSL_CTX_get_cert_store(context);
  const bool used =
      is_directory(path)
          ? is_hashed(path) && lib().X509_STORE_load_path(store, path.c_str()) == 1
          : access(path.c_str(), R_OK) == 0 && lib().X509_STORE_load_file(store, path.c_str()) == 1;
  if (used) lib().ERR_clear_error();
  return used;
}

std::string trust(SSL_CTX* context, const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) return path + ": " + net::Error::from_errno().message();
  lib().X509_STORE_set_flags(lib().SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
  if (use(context, path)) return "";
  if (is_directory(path)) return path + ": no certificates under hashed names (openssl rehash)";
  return path + ": no certificates: " + reason();
}

std::string trust_system(SSL_CTX* context) {
  std::string tried;
  bool found = false;
  for (const char* variable : {"SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    const char* path = secure_getenv(variable);
    if (path == nullptr || *path == '\0') continue;
    tried += std::string(tried.empty() ? "" : ", ") + variable + "=" + path;
    found = use(context, path) || found;
  }
  if (found) return "";
  if (tried.empty()) {
    const char* const places[] = {lib().X509_get_default_cert_dir(),
                                  "/etc/ssl/certs",
                                  "/etc/pki/tls/certs",
                                  "/system/etc/security/cacerts",
                                  lib().X509_get_default_cert_file(),
                                  "/etc/ssl/certs/ca-certificates.crt",
                                  "/etc/pki/tls/certs/ca-bundle.crt",
                                  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                  "/etc/ssl/ca-bundle.pem",
                                  "/etc/ssl/cert.pem",
                                  "/usr/local/share/certs/ca-root-nss.crt"};
    for (const char* place : places) {
      if (use(context, place)) return "";
      tried += std::string(tried.empty() ? "" : ", ") + place;
    }
  }
  return "no trusted certificates in " + tried + " (see --tls-ca, --tls-pin)";
}

}  // namespace netcat::tls
