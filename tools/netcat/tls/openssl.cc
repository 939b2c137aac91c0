#include "tools/netcat/tls/openssl.h"

#include <dlfcn.h>

#include "common/net/check.h"

namespace netcat::tls {

static OpenSsl table;
static bool loaded = false;

#ifdef WIREUTILS_TLS_LINKED

static bool load(std::string&) {
#define NETCAT_OPENSSL_LINK(name) table.name = &::name;
  NETCAT_OPENSSL(NETCAT_OPENSSL_LINK)
#undef NETCAT_OPENSSL_LINK
  return true;
}

#else

template <typename T>
static bool find(void* library, const char* name, T& out) {
  out = reinterpret_cast<T>(dlsym(library, name));
  return out != nullptr;
}

// libssl depends on libcrypto, so dlsym(3) finds the functions of both in the one handle.
static bool load(std::string& why) {
  constexpr const char* kLibrary = "libssl.so.3";
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
#define NETCAT_OPENSSL_FIND(name) &&find(library, #name, table.name)
  if (library != nullptr NETCAT_OPENSSL(NETCAT_OPENSSL_FIND)) return true;
#undef NETCAT_OPENSSL_FIND
  const char* reason = dlerror();
  // The loader's error messages begin with the name of the file.
  std::string text = reason != nullptr ? reason : "unknown error";
  if (text.starts_with(std::string(kLibrary) + ": "))
    text.erase(0, std::string(kLibrary).size() + 2);
  why = std::string(kLibrary) + " cannot be loaded: " + text;
  return false;
}

#endif

const OpenSsl* openssl(std::string& why) {
  if (loaded) return &table;
  if (!load(why)) return nullptr;
  loaded = true;
  // Saves a fifth of OpenSSL's time: does not register old cipher names, which only encrypted keys
  // need, and does not free memory at exit, which the kernel does.
  table.OPENSSL_init_ssl(OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ATEXIT, nullptr);
  return &table;
}

const OpenSsl& lib() {
  CHECK(loaded);
  return table;
}

}  // namespace netcat::tls
