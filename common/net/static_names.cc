// For static programs only: resolves names by files and DNS only, whatever nsswitch.conf says.  Its
// other modules are built for the host's C library, and loading one crashes.
#if __has_include(<nss.h>)  // glibc only
#include <nss.h>

namespace {

const bool configured = [] {
  __nss_configure_lookup("hosts", "files dns");
  __nss_configure_lookup("services", "files");
  return true;
}();

}  // namespace

#endif
